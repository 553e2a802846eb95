"""Saying that a request moved: to the pages that show it, and to the queues it is in."""

from collections.abc import Iterable

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from portal.notices import broadcast as people

QUEUE = "queue"


def group_of(request_id) -> str:
    """The name of the group that all open pages of one request are in."""
    return f"request.{request_id}"


def moved(request_id, *, deciders: Iterable = ()) -> None:
    """After commit, hint to who looks at the request, and to the queues of `deciders` (ids)."""
    group = group_of(request_id)
    transaction.on_commit(lambda: _send(group), robust=True)
    people.moved(deciders, QUEUE)


def _send(group: str) -> None:
    async_to_sync(get_channel_layer().group_send)(group, {"type": "moved", "what": "request"})
