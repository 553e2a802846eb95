"""The colours of a terminal, as the few that our page has: each is one class of the stylesheet."""

import colorsys
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
CUBE = (0, 95, 135, 175, 215, 255)
DIGITS = re.compile("[0-9]{1,5}")
GREY = 0.22  # saturation below which a colour is a grey
HUES = ((20, "red"), (75, "yellow"), (165, "green"), (200, "cyan"), (262, "blue"),
        (340, "magenta"), (361, "red"))  # fmt: skip
FLAGS = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "strike"}
ENDS = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("inverse",),
        29: ("strike",)}  # fmt: skip


@dataclass(frozen=True)
class Style:
    """How text is to be drawn; colours by our names, empty for the usual ones."""

    ink: str = ""
    ground: str = ""
    flags: frozenset[str] = frozenset()

    @property
    def classes(self) -> str:
        """Names of classes, in one order; empty for plain text."""
        words = [f"an-{self.ink}"] if self.ink else []
        words += [f"an-on-{self.ground}"] if self.ground else []
        return " ".join([*words, *(f"an-{flag}" for flag in sorted(self.flags))])


PLAIN = Style()


def changed(style: Style, parameters: str) -> Style:
    """The style after an SGR sequence with these parameters (ECMA-48, and the ways of xterm to
    name one of 256 colours or any). What we do not know changes nothing."""
    codes = iter(_numbers(parameters))
    for code in codes:
        style = _step(style, code, codes)
    return style


def _numbers(parameters: str) -> list[int]:
    words = parameters.replace(":", ";").split(";")[:32]
    return [
        int(word) if word.isascii() and word.isdigit() and len(word) < 6 else 0 for word in words
    ]


def _step(style: Style, code: int, rest: Iterator[int]) -> Style:
    if code == 0:
        return PLAIN
    if code in FLAGS:
        return replace(style, flags=style.flags | {FLAGS[code]})
    if code in ENDS:
        return replace(style, flags=style.flags - set(ENDS[code]))
    tens, ones = divmod(code, 10)
    if tens in (3, 4, 9, 10) and (ones < 8 or (tens < 9 and ones in (8, 9))):
        side = "ink" if tens in (3, 9) else "ground"
        return replace(style, **{side: _chosen(ones, rest, bright=tens > 4)})
    return style


def _chosen(ones: int, rest: Iterator[int], *, bright: bool) -> str:
    if ones == 9:
        return ""
    if ones == 8:
        return _named(rest)
    return "grey" if bright and ones == 0 else NAMES[ones]


def _named(rest: Iterator[int]) -> str:
    kind = next(rest, 0)
    if kind == 5:
        return of_256(next(rest, 0))
    if kind == 2:
        return nearest(next(rest, 0), next(rest, 0), next(rest, 0))
    return ""


def of_256(number: int) -> str:
    """Our name for one of the 256 colours of xterm."""
    if number < 16:
        return "grey" if number == 8 else NAMES[number % 8]
    if number > 231:
        return "grey" if number < 248 else "white"
    high, low = divmod(min(number, 231) - 16, 36)
    return nearest(CUBE[high], CUBE[low // 6], CUBE[low % 6])


@cache
def nearest(red: int, green: int, blue: int) -> str:
    """Our name for a colour by its three parts, 0 to 255."""
    parts = [min(255, part) / 255 for part in (red, green, blue)]
    hue, light, saturation = colorsys.rgb_to_hls(*parts)
    if saturation < GREY or not 0.06 < light < 0.96:
        return "black" if light < 0.2 else "grey" if light < 0.7 else "white"
    return next(name for edge, name in HUES if hue * 360 < edge)
