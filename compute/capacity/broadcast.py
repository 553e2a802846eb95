"""Saying to open pages that hardware, its use or its shares moved; never how."""

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

GROUP = "capacity"


def moved() -> None:
    """After commit, hint to everybody who looks at capacity that it should be read again."""
    transaction.on_commit(_send, robust=True)


def _send() -> None:
    send = async_to_sync(get_channel_layer().group_send)
    send(GROUP, {"type": "moved", "what": "capacity"})
