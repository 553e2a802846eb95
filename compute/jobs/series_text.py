"""A series of jobs as people paste it: a line of names, then a line of values for each job."""

import csv

from compute.jobs import limits, variables

LONGEST = 400_000


def read_series(text: str) -> list[dict[str, str]]:
    """Variables of each job. Tabs stand between, as from a spreadsheet, or commas; a cell that
    holds either stands in quotes. Empty lines are left out.

    Raises ValueError with words about the first line that cannot be used.
    """
    lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        return []
    (first, head), *rest = lines
    between = "\t" if "\t" in head else ","
    names = _cells(first, head, between)
    _check(first, names, dict.fromkeys(names, ""))
    if not rest:
        raise ValueError("Write a line of values for each job below the names.")
    if len(rest) > limits.MOST_SERIES:
        raise ValueError(
            f"Use {limits.MOST_SERIES} lines of values or fewer; {len(rest)} are here."
        )
    return [_job(number, names, _cells(number, line, between)) for number, line in rest]


def _job(number: int, names: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) != len(names):
        few = f"{len(cells)} value{'' if len(cells) == 1 else 's'}"
        raise ValueError(f"Line {number}: {few} for {len(names)} in the first line.")
    found = dict(zip(names, cells, strict=True))
    _check(number, names, found)
    return found


def _check(number: int, names: list[str], found: dict[str, str]) -> None:
    if len(found) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"Line {number}: {twice[:40]!r} stands there twice.")
    try:
        variables.check(found)
    except ValueError as wrong:
        raise ValueError(f"Line {number}: {wrong}") from None


def _cells(number: int, line: str, between: str) -> list[str]:
    try:
        (row,) = csv.reader([line], delimiter=between, strict=True, skipinitialspace=True)
    except csv.Error:
        raise ValueError(f"Line {number}: close the quotes.") from None
    return [cell.strip() for cell in row]
