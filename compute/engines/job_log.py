"""The log of one pod as a file: one JSON list a line. A mark is the place behind a line in it."""

import json
import os
from pathlib import Path

from compute.engines.job_lines import Piece

FULL = 256 * 1024 * 1024  # bytes; a log this long is cut, and says so
AT_ONCE = 256 * 1024


class LogWriter:
    """Appends; what is written in one call arrives whole."""

    def __init__(self, path: Path, full: int = FULL) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._left = full
        self._cut = False

    def write(self, pieces: list[Piece]) -> None:
        """Write them, or say once that there are too many."""
        if not pieces or self._cut:
            return
        data = b"".join(_line(piece) for piece in pieces)
        if len(data) > self._left:
            self._cut = True
            last = "The log is cut here: it has become too long."
            data = _line(Piece(pieces[0].at, "stderr", False, last))
        self._left -= len(data)
        os.write(self._handle, data)

    def close(self) -> None:
        """Make it durable."""
        os.fsync(self._handle)
        os.close(self._handle)


def read(path: Path, after: int, most: int = AT_ONCE) -> list[tuple[int, list]]:
    """What stands behind `after`: (place behind it, [at, stream, redraw, text]) each.

    A line that is being written is left for the next call. ValueError for a place that is none.
    """
    try:
        with path.open("rb") as file:
            if after and not _is_behind_a_line(file, after):
                raise ValueError("This is no place in the log.")
            file.seek(after)
            data = file.read(most)
    except FileNotFoundError:
        return []
    found = []
    for line in data.splitlines(keepends=True):
        if not line.endswith(b"\n"):
            break
        after += len(line)
        found.append((after, json.loads(line)))
    return found


def _is_behind_a_line(file, place: int) -> bool:
    file.seek(0, os.SEEK_END)
    if not 0 < place <= file.tell():
        return False
    file.seek(place - 1)
    return file.read(1) == b"\n"


def _line(piece: Piece) -> bytes:
    content = [round(piece.at, 6), piece.stream, piece.redraw, piece.text]
    return json.dumps(content, ensure_ascii=True).encode() + b"\n"
