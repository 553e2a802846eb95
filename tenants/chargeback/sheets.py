"""Tables as CSV that a spreadsheet reads as text and numbers, never as formulas."""

import csv
import re
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

NUMBER = re.compile(r"-?\d+(\.\d+)?")
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_response(name: str, head: Sequence[str], rows: Iterable[Sequence]) -> HttpResponse:
    """A download called `name`.csv, UTF-8 with the mark that spreadsheets look for."""
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    writer = csv.writer(response)
    writer.writerow(head)
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return response


def safe(cell) -> str:
    """`cell` as text; what a spreadsheet would run gets an apostrophe in front."""
    text = "" if cell is None else str(cell)
    if text.startswith(STARTS_A_FORMULA) and not NUMBER.fullmatch(text):
        return f"'{text}"
    return text
