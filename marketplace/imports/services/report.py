"""Every row of a file and what became of it, for a spreadsheet."""

import csv
from collections.abc import Iterator

from marketplace.imports.models import ImportRowQuerySet
from tenants.chargeback.sheets import safe

COLUMNS = {
    "line": "line",
    "outcome": "outcome",
    "source": "source",
    "key": "key",
    "model": "slug",
    "column": "column",
    "value": "excerpt",
    "why": "why",
    "undone": "undoing",
    "why kept": "undoing_why",
}
HEAD = tuple(COLUMNS)


def table(rows: ImportRowQuerySet) -> Iterator[tuple]:
    """The cells under `HEAD`, in the order of the file, not yet made safe for a spreadsheet."""
    return rows.order_by("place").values_list(*COLUMNS.values()).iterator()


def write_report(rows: ImportRowQuerySet, file) -> None:
    """The report as CSV into an open text file; no cell is a formula."""
    writer = csv.writer(file)
    writer.writerow(HEAD)
    writer.writerows([safe(cell) for cell in row] for row in table(rows))
