"""Identifiers that sort by time: UUID version 7 of RFC 9562."""

import os
import time
import uuid
from datetime import UTC, datetime


def new_id() -> uuid.UUID:
    """A fresh UUIDv7: 48 bits of Unix milliseconds, then 74 random bits."""
    return _compose(time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10)))


def floor_id(moment: datetime) -> uuid.UUID:
    """The least UUIDv7 of `moment`: bounds of partitions and of ranges over time. Before 1970
    there are none: the least of all."""
    return _compose(max(0, int(moment.timestamp() * 1000)), 0)


def moment_of(identifier: uuid.UUID) -> datetime:
    """When `identifier`, a UUIDv7, was made (to the millisecond, UTC)."""
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, UTC)


def _compose(milliseconds: int, noise: int) -> uuid.UUID:
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | (noise >> 64 & 0xFFF) << 64
    value |= 0b10 << 62 | noise & (1 << 62) - 1
    return uuid.UUID(int=value)
