"""What a service says when it will not do what was asked; faces translate it."""


class Refused(Exception):
    """A rule of the business says no. `detail` tells the person what to do; `field` is where.

    `row` is what is in the way, where the person may look at it: faces lead there.
    """

    http_status = 422

    def __init__(self, detail: str, *, field: str = "", row=None):
        super().__init__(detail)
        self.detail, self.field, self.row = detail, field, row


class Conflict(Refused):
    """What was asked collides with what is already there, or with somebody who was faster."""

    http_status = 409


class Outdated(Refused):
    """The decision was taken on something that has changed since it was shown."""

    http_status = 412
