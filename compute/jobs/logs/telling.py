"""What a program tells us through its log: how far it is, and that it has saved its work.

The convention, also in the user guide: a line that holds `millwright: checkpoint`, or
`millwright: progress 61%`, or `millwright: progress 1840/3000 steps`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from compute.engines.jobs import LogPiece

SIGN = "millwright:"
MOST_WORDS = 40
CHECKPOINT = re.compile(r"millwright: checkpoint\b")
PROGRESS = re.compile(
    r"millwright: progress +(?:(?P<percent>\d{1,3}(?:\.\d+)?) ?%"
    r"|(?P<done>\d{1,15}) ?(?:/| of ) ?(?P<whole>\d{1,15})(?: +(?P<unit>[a-z]{1,12})\b)?)"
)


@dataclass(frozen=True)
class Told:
    """The newest of each: when work was saved, and how far it is, from 0 to 1 and in words."""

    checkpointed_at: datetime | None = None
    progress: float | None = None
    words: str = ""

    def __bool__(self) -> bool:
        return self.checkpointed_at is not None or self.progress is not None


def told(pieces: Iterable[LogPiece]) -> Told:
    """What these pieces tell, the later ones last."""
    at, share, words = None, None, ""
    for piece in pieces:
        if SIGN not in piece.text:
            continue
        if CHECKPOINT.search(piece.text):
            at = piece.at
        if found := PROGRESS.search(piece.text):
            share, words = _progress(found)
    return Told(at, share, words)


def _progress(found: re.Match) -> tuple[float, str]:
    if found["percent"]:
        share = min(1.0, float(found["percent"]) / 100)
        return share, f"{float(found['percent']):g} %"
    done, whole = int(found["done"]), int(found["whole"])
    words = f"{done:,} of {whole:,} {found['unit'] or ''}".strip()[:MOST_WORDS]
    return (min(1.0, done / whole) if whole else 0.0), words
