"""What the person at the terminal sees: one line per step with its time, then where to look."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO


class Console:
    """Writes progress; every line stands alone, so that it reads well in a log as well."""

    def __init__(self, out: TextIO = sys.stdout):
        self.out = out
        self.began = time.monotonic()

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Time what happens inside; append to the list what the line should add."""
        began, notes = time.monotonic(), []
        yield notes
        self.say(f"  {name:<16} {time.monotonic() - began:6.1f} s   {' '.join(notes)}")

    def say(self, line: str = "") -> None:
        self.out.write(line.rstrip() + "\n")
        self.out.flush()

    def since_start(self) -> str:
        return f"{time.monotonic() - self.began:.0f} s"

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Columns as wide as their widest cell."""
        lines = [header, *rows]
        widths = [max(len(str(line[at])) for line in lines) for at in range(len(header))]
        for line in lines:
            cells = (f"{cell!s:<{width}}" for cell, width in zip(line, widths, strict=True))
            self.say("  " + "   ".join(cells))
