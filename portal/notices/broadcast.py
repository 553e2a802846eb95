"""Saying to the open pages of a person that something of theirs moved; never what."""

from collections.abc import Iterable

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction


def group_of(person_id) -> str:
    """The name of the group that all open pages of one person are in."""
    return f"person.{person_id}"


def moved(person_ids: Iterable, what: str = "notices") -> None:
    """After commit, hint to each person's pages that `what` should be read again."""
    groups = sorted({group_of(person_id) for person_id in person_ids})
    if groups:
        transaction.on_commit(lambda: _send(groups, what), robust=True)


def _send(groups: list[str], what: str) -> None:
    send = async_to_sync(get_channel_layer().group_send)
    for group in groups:
        send(group, {"type": "moved", "what": what})
