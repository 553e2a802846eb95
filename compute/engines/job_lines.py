"""Cuts what a program prints into the lines and the redrawn lines that people would see."""

from dataclasses import dataclass, field

LONGEST = 16 * 1024  # bytes of one line that are kept
UNFINISHED_AFTER = 0.3  # seconds that a line without an end is waited for
REDRAWS_EVERY = 0.5  # seconds between two pictures of one line


@dataclass(frozen=True)
class Piece:
    """One line as it looked at one moment; `redraw` takes the place of the one before."""

    at: float
    stream: str
    redraw: bool
    text: str


@dataclass
class Lines:
    """One stream of one program. Feed it what arrived; ask it for what has waited long enough.

    Times are seconds since 1970. Every line that was ended comes out whole, but for more than
    `LONGEST` bytes of it; of those that are drawn again and again at most two a second.
    """

    stream: str
    _line: bytearray = field(default_factory=bytearray)
    _cut: int = 0
    _returned: bool = False  # the next character begins the line anew
    _since: float | None = None  # when something came that is not shown yet
    _shown: str | None = None  # what was shown of this line so far
    _shown_at: float = 0.0
    _apart: bool = False  # something else was printed behind it

    def feed(self, data: bytes, at: float) -> list[Piece]:
        """Take in bytes; the pieces that are ready now."""
        out: list[Piece] = []
        while data:
            end = _first_break(data)
            self._add(data[:end], at)
            mark, data = data[end : end + 1], data[end + 1 :]
            if mark == b"\n":
                out += self._finish(at)
            elif mark == b"\r":
                out += self._turn(at)
        return out

    @property
    def waits(self) -> bool:
        """Whether something came that is not shown yet."""
        return self._since is not None

    def due(self, at: float) -> list[Piece]:
        """What has waited for its end for long enough to be shown without it."""
        if self._since is None or at - self._since < UNFINISHED_AFTER:
            return []
        if self._shown is not None and at - self._shown_at < REDRAWS_EVERY:
            return []
        return self._show(at)

    def close(self, at: float) -> list[Piece]:
        """The stream has ended: what is left of it."""
        return self._finish(at) if self._since is not None else []

    def leave_place(self) -> None:
        """Another stream has printed: what was shown of this line is not the last one any more."""
        self._apart = True

    def _add(self, data: bytes, at: float) -> None:
        if not data:
            return
        if self._returned:
            self._line.clear()
            self._returned, self._cut = False, 0
        room = LONGEST - len(self._line)
        self._line += data[:room]
        self._cut += max(0, len(data) - room)
        self._since = at if self._since is None else self._since

    def _turn(self, at: float) -> list[Piece]:
        """The cursor went back to the start: what was drawn so far is a picture of its own."""
        self._returned = True
        if self._since is None or (
            self._shown is not None and at - self._shown_at < REDRAWS_EVERY
        ):
            return []
        return self._show(at)

    def _finish(self, at: float) -> list[Piece]:
        out = self._show(at) if self._since is not None or self._shown is None else []
        self._line.clear()
        self._cut, self._returned, self._since, self._shown = 0, False, None, None
        return out

    def _show(self, at: float) -> list[Piece]:
        self._since = None
        text = self._line.decode("utf-8", "replace").replace("\0", "")
        text += f" … {self._cut} bytes left out" if self._cut else ""
        if text == self._shown:
            return []
        piece = Piece(at, self.stream, self._shown is not None and not self._apart, text)
        self._shown, self._shown_at, self._apart = text, at, False
        return [piece]


def _first_break(data: bytes) -> int:
    found = [at for at in (data.find(b"\n"), data.find(b"\r")) if at >= 0]
    return min(found, default=len(data))
