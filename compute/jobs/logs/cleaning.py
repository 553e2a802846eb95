"""Pieces of a log as they may be stored: sound text, lines of bearable length, no idle redraws."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from compute.engines.jobs import LogPiece

MOST_CHARACTERS = 16_000
MOST_STREAM = 6
CUT = " … [cut here: the line has {:,} characters]"
ENDINGS = re.compile(r"[\r\n]+\Z")


def clean(pieces: Iterable[LogPiece]) -> list[LogPiece]:
    """What is worth storing of the pieces of one pod, in their order.

    A piece that the next one draws over is left out; the one that stays draws over whatever the
    first of them did.
    """
    kept: list[LogPiece] = []
    for piece in pieces:
        if piece.redraw and kept:
            piece = replace(piece, redraw=kept.pop().redraw)
        kept.append(piece)
    return [_sound(piece) for piece in kept]


def last_mark(pieces: Sequence[LogPiece]) -> str:
    """How far a log is read once these pieces are stored."""
    return pieces[-1].mark.text


def sound(text: str) -> str:
    """Text that can be stored: no NUL, no half characters, no line end, and not endless."""
    text = ENDINGS.sub("", text).replace("\0", "\u2400").replace("\n", " ")
    if len(text) > MOST_CHARACTERS:
        text = text[:MOST_CHARACTERS] + CUT.format(len(text))
    return text.encode("utf-8", "replace").decode()


def _sound(piece: LogPiece) -> LogPiece:
    return replace(piece, text=sound(piece.text), stream=piece.stream[:MOST_STREAM] or "stdout")
