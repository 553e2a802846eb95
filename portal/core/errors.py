"""What a service says when it will not do what was asked; faces translate it."""


class Refused(Exception):
    """A rule of the business says no. `detail` tells the person what to do; `field` is where."""

    def __init__(self, detail: str, *, field: str = "", status: int = 422):
        super().__init__(detail)
        self.detail, self.field, self.status = detail, field, status


class Conflict(Refused):
    """What was asked collides with what is already there, or with somebody who was faster."""

    def __init__(self, detail: str, *, field: str = ""):
        super().__init__(detail, field=field, status=409)
