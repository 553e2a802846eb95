"""The first rows of a file as they would stand in the catalogue."""

from dataclasses import dataclass, field
from itertools import islice

from marketplace.imports.models import Import
from marketplace.imports.normalising import Note, Unfit, described, excerpt
from marketplace.imports.services.starting import sheet_of

SHOWN = 5
LOOKED_AT = 200


@dataclass
class Preview:
    """`samples` are {column: first values}; `rows` are (line, reference or None, why not)."""

    samples: dict[str, list[str]] = field(default_factory=dict)
    rows: list[tuple] = field(default_factory=list)


def preview(subject: Import) -> Preview:
    """What the mapping makes of the first rows; the file itself is not changed."""
    sheet = sheet_of(subject)
    made = Preview({column: [] for column in sheet.header})
    for row in islice(sheet.rows(), LOOKED_AT):
        for column, value in zip(sheet.header, row.cells, strict=False):
            held = made.samples[column]
            shown = excerpt(value)[:60]
            if shown and shown not in held and len(held) < 3 and not row.wrong:
                held.append(shown)
        if len(made.rows) < SHOWN:
            made.rows.append(_as_reference(row, sheet, subject))
    return made


def _as_reference(row, sheet, subject) -> tuple:
    try:
        return row.line, described(row, sheet.header, subject.mapping, subject.source, Note()), ""
    except Unfit as unfit:
        return row.line, None, unfit.why
