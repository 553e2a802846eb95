"""Ids in the query of an address, which people may have typed."""

import uuid


def uuid_or_none(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None
