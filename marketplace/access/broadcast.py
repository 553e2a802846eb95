"""Saying that a request moved: to the pages that show it, and to the queues it is in."""

from collections.abc import Iterable

from portal.notices import broadcast as people
from portal.web import hints

QUEUE = "queue"


def group_of(request_id) -> str:
    """The name of the group that all open pages of one request are in."""
    return f"request.{request_id}"


def moved(request_id, *, deciders: Iterable = ()) -> None:
    """After commit, hint to who looks at the request, and to the queues of `deciders` (ids)."""
    hints.moved([group_of(request_id)], "request")
    people.moved(deciders, QUEUE)
