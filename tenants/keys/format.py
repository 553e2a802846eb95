"""The shape of a key: `mw_live_<12 public>_<43 secret><6 checksum>`, base62 with CRC-32."""

import re
import secrets
import zlib
from dataclasses import dataclass

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PREFIX = "mw_live"
SHAPE = re.compile(rf"^{PREFIX}_([0-9A-Za-z]{{12}})_([0-9A-Za-z]{{43}})([0-9A-Za-z]{{6}})$")


@dataclass(frozen=True)
class Parts:
    """What a presented key consists of; the secret stays out of any printed form."""

    public_id: str
    secret: str

    def __repr__(self) -> str:
        return f"Parts({self.public_id})"


def mint() -> tuple[Parts, str]:
    """A fresh key: its parts and the text to show once. 256 bits of secret."""
    parts = Parts(_random(12), _random(43))
    body = f"{PREFIX}_{parts.public_id}_{parts.secret}"
    return parts, body + checksum(body)


def parse(text: str) -> Parts | None:
    """The parts of `text`, or None when shape or checksum is wrong; asks no database."""
    found = SHAPE.match(text)
    if not found or checksum(text[:-6]) != found[3]:
        return None
    return Parts(found[1], found[2])


def checksum(body: str) -> str:
    """CRC-32 of `body` in six base62 digits, for scanners that look for leaked keys."""
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, rest = divmod(number, 62)
        digits = ALPHABET[rest] + digits
    return digits


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
