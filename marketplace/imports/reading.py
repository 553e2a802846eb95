"""From bytes to rows of text: unpacked, decoded and cut, with a clear word about each guess."""

import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from portal.core.errors import Refused

LARGEST_UPLOAD = 16 * 1024 * 1024
LARGEST_UNPACKED = 64 * 1024 * 1024
MOST_ROWS = 50_000
MOST_COLUMNS = 200
MOST_OPEN_QUOTES = 50
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
MARKS = ((b"\xef\xbb\xbf", "utf-8-sig", "UTF-8"), (b"\xff\xfe", "utf-16", "UTF-16"))
MARKS += ((b"\xfe\xff", "utf-16", "UTF-16"),)
CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1f]")
UNCLOSED = "unexpected end of data"

csv.field_size_limit(LARGEST_UNPACKED)  # a long cell is refused by its length, as any other text


@dataclass(frozen=True)
class Row:
    """One row: `place` counts from 1, `line` is where it begins. `wrong`: why it is none."""

    place: int
    line: int
    cells: tuple[str, ...] = ()
    wrong: str = ""
    excerpt: str = ""


@dataclass(frozen=True)
class Sheet:
    """A file as it was read: its header, and in words how the bytes became text."""

    text: str
    header: tuple[str, ...]
    delimiter: str
    told: tuple[str, ...]
    encoding: str

    def rows(self) -> Iterator[Row]:
        """Every row under the header, also those that are none; empty lines are no rows."""
        for place, (line, cells, wrong, excerpt) in enumerate(_under(self), 1):
            if place > MOST_ROWS:
                raise Refused(f"The file has more than {MOST_ROWS:,} rows. Split it.")
            yield Row(place, line, cells, wrong or _misfit(cells, self.header), excerpt)


def read(content: bytes) -> Sheet:
    """The sheet in `content`, plain or gzip. Raises `Refused` for what is no table of text."""
    told: list[str] = []
    plain = _unpacked(content, told)
    text, encoding = _decoded(plain, told)
    if not text.strip("\ufeff\r\n\t ,;|"):
        raise Refused("The file is empty.")
    text = text.replace("\r\n", "\n")
    text = text if "\n" in text else text.replace("\r", "\n")
    first = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    header = _header(text, delimiter)
    if "\n" not in text.strip("\ufeff\n"):
        raise Refused("The file has a header and no rows under it.")
    told.append(f"{len(header)} columns, separated by {DELIMITERS[delimiter]}.")
    return Sheet(text, header, delimiter, tuple(told), encoding)


def _unpacked(content: bytes, told: list[str]) -> bytes:
    if len(content) > LARGEST_UPLOAD:
        raise Refused(f"The file is larger than {LARGEST_UPLOAD // 2**20} MB.")
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        with gzip.open(io.BytesIO(content)) as packed:
            plain = packed.read(LARGEST_UNPACKED + 1)
    except (OSError, EOFError, zlib.error) as broken:
        raise Refused("The gzip file is damaged. Pack it again.") from broken
    if len(plain) > LARGEST_UNPACKED:
        raise Refused(f"Unpacked, the file is larger than {LARGEST_UNPACKED // 2**20} MB.")
    told.append("Unpacked with gzip.")
    return plain


def _decoded(plain: bytes, told: list[str]) -> tuple[str, str]:
    if plain.startswith((b"PK\x03\x04", b"%PDF", b"\xd0\xcf\x11\xe0")):
        raise Refused("This is no CSV file. In the spreadsheet, save the sheet as CSV UTF-8.")
    for mark, codec, name in MARKS:
        if plain.startswith(mark):
            return _strictly(plain, codec, name, told)
    if codec := _wide(plain[:4000]):
        return _strictly(plain, codec, "UTF-16 without a mark", told)
    try:
        text = plain.decode("utf-8")
    except UnicodeDecodeError as wrong:
        if CONTROLS.search(plain):
            raise Refused("This is no CSV file: it holds bytes that no text has.") from wrong
        line = plain.count(b"\n", 0, wrong.start) + 1
        byte = plain[wrong.start]
        codec, name = _single_bytes(plain)
        told.append(
            f"Read as {name}, because byte {byte:#04x} on line {line:,} is no UTF-8. "
            "Look at letters with accents in the preview."
        )
        return plain.decode(codec), codec
    told.append("Read as UTF-8.")
    return text, "utf-8"


def _single_bytes(plain: bytes) -> tuple[str, str]:
    """Windows-1252 leaves five bytes without a letter; Latin-1 has one for each."""
    undefined = any(byte in plain for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D))
    return ("latin-1", "Latin-1") if undefined else ("cp1252", "Windows-1252")


def _strictly(plain: bytes, codec: str, name: str, told: list[str]) -> tuple[str, str]:
    try:
        text = plain.decode(codec)
    except UnicodeDecodeError as wrong:
        where = f"at byte {wrong.start:,}"
        raise Refused(f"The file says it is {name}, and is not {where}. Save it anew.") from wrong
    told.append(f"Read as {name}.")
    return text, codec


def _wide(start: bytes) -> str:
    """UTF-16 without a mark: every other byte of plain letters is zero."""
    if len(start) < 8:
        return ""
    even, odd = start[0::2].count(0), start[1::2].count(0)
    enough = len(start) // 4
    if odd > enough and even < enough // 4:
        return "utf-16-le"
    return "utf-16-be" if even > enough and odd < enough // 4 else ""


def _header(text: str, delimiter: str) -> tuple[str, ...]:
    try:
        cells = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration) as wrong:
        raise Refused("The first line is no header: a quote in it does not close.") from wrong
    if len(cells) > MOST_COLUMNS:
        raise Refused(f"The header has {len(cells):,} columns; {MOST_COLUMNS} are the most.")
    names = [" ".join(cell.replace("\0", "").split())[:120] for cell in cells]
    names = [name or f"column {place}" for place, name in enumerate(names, 1)]
    counts = Counter(name.lower() for name in names)
    twice = sorted(name for name, count in counts.items() if count > 1)
    if twice:
        raise Refused(f"The header names {', '.join(twice)} more than once. Rename one of them.")
    return tuple(names)


def _under(sheet: Sheet) -> Iterator[tuple[int, tuple[str, ...], str, str]]:
    """(line, cells, what is wrong, excerpt) for every row under the header."""
    lines = sheet.text.split("\n")
    start, opened, header_seen = 0, 0, False
    while start < len(lines):
        source = (f"{line}\n" for line in lines[start:])
        reader = csv.reader(source, delimiter=sheet.delimiter, strict=True)
        begin = start
        while True:
            at = begin + reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as wrong:
                over = begin + reader.line_num > at  # it took other rows for a part of itself
                opened += over
                yield at, (), _quote(over or UNCLOSED in str(wrong)), lines[at - 1][:160]
                start = at
                break
            if header_seen and cells:
                yield at, tuple(cells), "", ""
            header_seen = True
        if opened > MOST_OPEN_QUOTES:
            raise Refused(
                f"More than {MOST_OPEN_QUOTES} quotes do not close: this is no CSV file."
            )


def _quote(unclosed: bool) -> str:
    if unclosed:
        return "A quote on this line does not close."
    return "A quote is in the middle of a cell. Double it, and put the cell into quotes."


def _misfit(cells: tuple[str, ...], header: tuple[str, ...]) -> str:
    if not cells:
        return ""
    if tuple(" ".join(cell.split()) for cell in cells) == header:
        return "This is the header again."
    if len(cells) != len(header):
        return f"The row has {len(cells)} cells, the header has {len(header)}."
    return ""
