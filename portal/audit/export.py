"""The trail as a file: CSV for spreadsheets, JSON lines for programs."""

import csv
import io
import json

MOST = 20_000  # events in one file; the answer links to the next one
COLUMNS = [
    "event", "at", "actor", "verb", "subject_type", "subject_id", "label", "tenant", "note",
    "request_id", "address", "channel", "key", "facts", "writer", "wseq", "mac",
]  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def row(event) -> dict:
    """One event in the words of the export."""
    told = event.facts
    return {name: told.get(name) for name in COLUMNS} | {
        "event": event.reference,
        "at": event.at.isoformat(),
        "tenant": event.tenant_slug,
        "facts": told["facts"],
        "writer": event.writer,
        "wseq": event.wseq,
        "mac": bytes(event.mac).hex(),
    }


def as_csv(events) -> str:
    """A table; a cell that a spreadsheet would take for a formula gets an apostrophe."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    for event in events:
        cells = row(event)
        cells["facts"] = json.dumps(cells["facts"], ensure_ascii=False, sort_keys=True)
        writer.writerow({name: _harmless(value) for name, value in cells.items()})
    return file.getvalue()


def as_lines(events) -> str:
    """One JSON object a line, with the payload exactly as it was written and sealed."""
    lines = (row(event) | {"payload": event.payload} for event in events)
    return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)


def _harmless(value) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


FORMATS = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "jsonl": (as_lines, "application/jsonl; charset=utf-8"),
}
