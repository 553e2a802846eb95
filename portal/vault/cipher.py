"""Sealing bytes with AES-256-GCM (NIST SP 800-38D), bound to the place where they are kept."""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE, TAG = 12, 16


class Unreadable(Exception):
    """The value was changed, moved to another place, or sealed with a key that is gone."""


def seal(value: bytes, *, key_id: str, key: bytes, place: str) -> str:
    """`v1|key id|nonce|ciphertext|tag`; opens only with the same key at the same `place`."""
    nonce = os.urandom(NONCE)
    mixed = AESGCM(key).encrypt(nonce, value, _bound(key_id, place))
    parts = (nonce, mixed[:-TAG], mixed[-TAG:])
    return "|".join(["v1", key_id, *(base64.b64encode(part).decode() for part in parts)])


def unseal(sealed: str, *, keys: dict[str, bytes], place: str) -> bytes:
    """The value, or `Unreadable` without saying which part is wrong."""
    try:
        version, key_id, *parts = sealed.split("|")
        nonce, mixed, tag = (base64.b64decode(part, validate=True) for part in parts)
        if version != "v1":
            raise ValueError
        return AESGCM(keys[key_id]).decrypt(nonce, mixed + tag, _bound(key_id, place))
    except (ValueError, KeyError, InvalidTag):
        raise Unreadable("This value cannot be opened.") from None


def _bound(key_id: str, place: str) -> bytes:
    return f"v1|{key_id}|{place}".encode()
