"""The policy: who may do what at which address, as tables that people can read.

Each table in `tables/` has one line for a method at an address and a sample row. The columns are
people; the words are

    ok      comes in and gets what they asked for
    form    comes in; what they sent is refused with words about it
    login   is asked to sign in
    no      knows that it exists, and may not
    hidden  is told that there is nothing, in exactly the words for what does not exist
    -       the sample does not apply to them

A method without a line does not exist at that address, for anybody.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLES = Path(__file__).parent / "tables"
PEOPLE = (
    "anonymous", "owner", "second_owner", "publisher", "consumer",
    "stranger", "governor", "finance", "operator", "auditor",
)  # fmt: skip
FEW = ("anonymous", "owner", "operator")  # where who asks makes no difference
PORTAL = (
    "entrance", "portal", "tenants", "marketplace", "feedback", "imports", "compute", "capacity",
    "jobs",
)  # fmt: skip
WORDS = {"ok", "form", "login", "no", "hidden", "-"}


@dataclass(frozen=True)
class Row:
    """One line: at `path`, `method` on the `sample` (ours, theirs, -) of a kind of thing."""

    path: str
    about: str
    sample: str
    method: str
    expected: tuple[str, ...]

    def by_person(self) -> dict[str, str]:
        return dict(zip(PEOPLE, self.expected, strict=True))

    def __str__(self) -> str:
        return line(self.path, self.about, self.sample, self.method, self.expected)


def line(path: str, about: str, sample: str, method: str, expected) -> str:
    """A line of a table, aligned."""
    cells = " ".join(f"{word:9}" for word in expected)
    return f"{path:48} {about:9} {sample:7} {method:7} {cells}".rstrip()


@cache
def table(name: str) -> tuple[Row, ...]:
    """The rows of one table."""
    return tuple(_rows(TABLES / f"{name}.txt"))


def portal_rows() -> dict[str, list[Row]]:
    """The rows of all pages and REST resources, by path."""
    found: dict[str, list[Row]] = {}
    for name in PORTAL:
        for row in table(name):
            found.setdefault(row.path, []).append(row)
    return found


def _rows(path: Path):
    for number, text in enumerate(path.read_text().splitlines(), 1):
        words = text.split()
        if not words or words[0] == "#":
            continue
        place, about, sample, method, *expected = words
        where = f"{path.name}:{number}"
        assert len(expected) == len(PEOPLE), f"{where} has {len(expected)} of {len(PEOPLE)} cells."
        assert set(expected) <= WORDS, f"{where} has words that mean nothing here."
        yield Row(place, about, sample, method, tuple(expected))
