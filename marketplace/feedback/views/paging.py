"""Pages of reports that are read past the locks, told as `Problem`s."""

from functools import cached_property

from marketplace.feedback import reading


class Counted:
    """What a Paginator cuts: counts and slices of `reading.reports(...)`."""

    def __init__(self, rows, user):
        self._rows, self._user = rows, user

    @cached_property
    def _count(self) -> int:
        return reading.page(self._rows, 0, 0, self._user)[1]

    def count(self) -> int:
        return self._count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, cut: slice) -> list:
        first = cut.start or 0
        return reading.page(self._rows, first, (cut.stop or 0) - first, self._user)[0]
