"""Text as a terminal would show it on one line: colours, overwriting, and nothing else.

Of all control sequences only colours, carriage return, backspace, tab and "erase in line" mean
something here. The rest is taken out; text never is, so nothing can hide what it printed.
"""

import re
from collections.abc import Iterator
from itertools import groupby

from compute.jobs.rendering.colours import PLAIN, Style, changed

Chunk = tuple[str, Style]
# Bounded repeats: a line made of openings without ends costs no more than its length.
SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)(?P<values>[0-?]{0,64})[ -/]{0,4}(?P<verb>[@-~])"
    r"|\x1b\][^\x07\x1b\x9c]{0,2048}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[PX^_][^\x1b\x9c]{0,2048}(?:\x1b\\|\x9c)"
    r"|\x1b[ -/]{0,4}[0-Z\\\]^_`-~]?"
    r"|(?P<move>[\r\b])"
)
ODD = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
# Characters that turn the direction of what follows, or break the line: shown by their number.
TURNING = re.compile("[\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
MOST_CHUNKS = 200
TAB = 8


def chunks(text: str) -> list[Chunk]:
    """What stands on the line in the end, in pieces of one style each."""
    if not ODD.search(text):
        return [(_visible(text), PLAIN)]
    if "\r" not in text and "\b" not in text and "\x1b[" not in text:
        return [(_visible(SEQUENCE.sub("", text)), PLAIN)]
    cells = _cells(text)
    found = [("".join(c for c, _ in run), style) for style, run in groupby(cells, lambda c: c[1])]
    if len(found) > MOST_CHUNKS:
        rest = "".join(words for words, _ in found[MOST_CHUNKS:])
        found = [*found[:MOST_CHUNKS], (rest, PLAIN)]
    return [(_visible(words), style) for words, style in found]


def plain(text: str) -> str:
    """Only the words."""
    return "".join(words for words, _ in chunks(text))


def _visible(text: str) -> str:
    text = ODD.sub("", text).expandtabs(TAB)
    return TURNING.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def _cells(text: str) -> list[tuple[str, Style]]:
    row: list[tuple[str, Style]] = []
    at, style = 0, PLAIN
    for words, found in _tokens(text):
        row[at : at + len(words)] = [(letter, style) for letter in words]
        at += len(words)
        if found is None:
            continue
        if found["move"]:
            at = 0 if found["move"] == "\r" else max(0, at - 1)
        elif found["verb"] == "m":
            style = changed(style, found["values"])
        elif found["verb"] == "K":
            at = _erase(row, at, found["values"])
    return row


def _tokens(text: str) -> Iterator[tuple[str, re.Match | None]]:
    at = 0
    for found in SEQUENCE.finditer(text):
        yield text[at : found.start()], found
        at = found.end()
    yield text[at:], None


def _erase(row: list, at: int, values: str) -> int:
    """Erase to the end (0), from the start (1), or all (2)."""
    if values in ("", "0"):
        del row[at:]
    elif values == "1":
        row[:at] = [(" ", PLAIN)] * min(at, len(row))
    elif values == "2":
        row[:] = [(" ", PLAIN)] * at
    return at
