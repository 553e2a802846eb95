"""One row of a file as a reference for the catalogue, and a note of all that was changed."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from marketplace.catalog.facts import first_sentence
from marketplace.catalog.services.references import Described
from marketplace.imports import vocabulary
from marketplace.imports.columns import FACT, FIELDS, LONGEST_FACT
from marketplace.imports.reading import Row

EXCERPT = 160
LINES = frozenset({"description"})
NUMBERS = ("parameters", "size", "context")
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
JOINERS = frozenset("\u200c\u200d")  # letters of Persian, Hindi and emoji are written with these


class Unfit(Exception):
    """A row that cannot become a reference: which column, why, and how it begins."""

    def __init__(self, why: str, column: str = "", value: str = ""):
        super().__init__(why)
        self.why, self.column, self.excerpt = why, column, excerpt(value)


@dataclass
class Note:
    """What was normalised in one row, as (kind, before, after)."""

    changes: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, kind: str, before: str, after: str) -> None:
        if before != after:
            self.changes.append((kind, before[:80], after[:80]))


def excerpt(value: str) -> str:
    """The beginning of a value, storable and on one line, with what cannot be seen spelled out."""
    shown = "".join(f"<U+{ord(c):04X}>" if _hidden(c) else c for c in value[:EXCERPT])
    return " ".join(shown.split())[:EXCERPT]


def described(row: Row, header: tuple, mapping: Mapping[str, str], source: str, note: Note):
    """The reference that `row` describes. Raises `Unfit` with the column and the reason."""
    if row.wrong:
        raise Unfit(row.wrong, value=row.excerpt or ",".join(row.cells))
    cells, extra = _cells(row, header, mapping, note)
    name = cells.get("name", "")
    if not name:
        raise Unfit("The row has no name.", _column(mapping, "name"))
    origin = cells.get("source") or source
    if not origin:
        raise Unfit("The row does not say where it comes from.", _column(mapping, "source"))
    version = cells.get("version", "")
    key = cells.get("key") or (f"{name} {version}" if version else name)
    facts = _facts(cells, note) | extra
    description = cells.get("description", "")
    return Described(
        source=origin,
        key=key,
        name=name,
        version=version,
        summary=cells.get("summary") or first_sentence(description),
        card=description,
        task=_task(cells, facts, note),
        framework=cells.get("framework", ""),
        licence=_licence(cells, facts, note),
        region=_region(cells, facts, note),
        url=_url(cells, facts, note),
        facts=facts,
    )


def _cells(row: Row, header: tuple, mapping: Mapping[str, str], note: Note):
    cells, extra = {}, {}
    for column, value in zip(header, row.cells, strict=True):
        target = mapping.get(column, "")
        if not target:
            continue
        longest = FIELDS[target].longest if target != FACT else LONGEST_FACT
        if "\0" in value:
            raise Unfit("The cell holds a NUL character, which is no text.", column, value)
        clean = _clean(value, target in LINES, note)
        if len(clean) > longest:
            why = f"The cell has {len(clean):,} characters; {longest:,} are the most."
            raise Unfit(why, column, value)
        if target != FACT:
            cells[target] = clean
        elif clean:
            extra[column] = clean
    return cells, extra


def _clean(value: str, lines: bool, note: Note) -> str:
    """The text without characters that nobody sees: control, direction, half, unassigned."""
    kept = "".join(c for c in value if not _hidden(c) or (lines and c in "\n\t"))
    if gone := sorted({f"U+{ord(c):04X}" for c in value if _hidden(c) and c not in "\n\r\t"}):
        note.add("Characters that nobody sees", " ".join(gone), "taken out")
    if lines:
        return kept.strip()
    return " ".join(kept.split()) if kept == value else " ".join(_spaced(value).split())


def _spaced(value: str) -> str:
    return "".join(" " if c in "\n\r\t" else c for c in value if not _hidden(c) or c in "\n\r\t")


def _hidden(char: str) -> bool:
    return unicodedata.category(char) in HIDDEN and char not in JOINERS


def _task(cells: dict, facts: dict, note: Note) -> str:
    told = cells.get("task", "")
    if not told:
        return ""
    main, further, strange = vocabulary.task(told)
    if further:
        facts["Also"] = ", ".join(further)
    if strange:
        note.add("Tasks on no list, kept as written", ", ".join(strange), "kept")
        facts["Task at the source"] = told[:LONGEST_FACT]
    note.add("Tasks", told, f"{main} ({', '.join(further)})" if further else main)
    return main[:60]


def _licence(cells: dict, facts: dict, note: Note) -> str:
    told = cells.get("licence", "")
    if not told:
        return ""
    name, known = vocabulary.licence(told)
    if name != told:
        note.add("Licences", told, name)
    elif not known:
        note.add("Licences on no list, kept as written", told, "kept")
    if told.lower().startswith(("http://", "https://")):
        facts["Licence text"] = told
    elif len(name) > 80:
        facts["Licence at the source"] = told
    return name[:80]


def _region(cells: dict, facts: dict, note: Note) -> str:
    told = cells.get("region", "")
    ours = vocabulary.region(told) if told else ""
    if told and not ours:
        facts["Region"] = told
        note.add("Regions that are none of ours, kept as text", told, "kept")
    note.add("Regions", told, ours or told)
    return ours


def _url(cells: dict, facts: dict, note: Note) -> str:
    """A link is one only when it leads to the web; anything else stays as text."""
    told = cells.get("url", "")
    if not told or told.lower().startswith(("https://", "http://")):
        return told
    facts["Place at the source"] = told
    note.add("Links that lead nowhere, kept as text", told, "kept")
    return ""


def _facts(cells: dict, note: Note) -> dict[str, str]:
    facts = {}
    for name in ("organisation", "tags", "languages"):
        if told := cells.get(name):
            facts[FIELDS[name].label] = told.replace(";", ", ") if name != "organisation" else told
    for name in NUMBERS:
        if told := cells.get(name):
            facts[FIELDS[name].label] = told
    if told := cells.get("released"):
        day = vocabulary.day(told)
        note.add("Dates" if day else "Dates that are unclear, kept as text", told, day or "kept")
        facts["Released"] = day or told
    return facts


def _column(mapping: Mapping[str, str], wanted: str) -> str:
    return next((column for column, target in mapping.items() if target == wanted), "")
