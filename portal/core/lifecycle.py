"""A lifecycle is a table, not code: which status may follow which."""

from collections.abc import Mapping
from dataclasses import dataclass


class ForbiddenMove(Exception):
    """The table has no such move. A bug or a stale page, never bad luck."""


class Overtaken(Exception):
    """Someone else moved the row first. Read it again and think afresh."""


@dataclass(frozen=True)
class Lifecycle:
    """`moves` covers every status; `looks` gives each a tone and an icon.

    Tones: ok, warn, bad, info, idle.
    """

    moves: Mapping[str, frozenset[str]]
    looks: Mapping[str, tuple[str, str]]

    def check(self, old: str, new: str) -> None:
        if new not in self.moves[old]:
            raise ForbiddenMove(f"{old} cannot become {new}")

    @property
    def final(self) -> frozenset[str]:
        return frozenset(status for status, following in self.moves.items() if not following)
