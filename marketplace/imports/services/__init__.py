"""The verbs of imports."""

from marketplace.imports.services.preview import Preview, preview
from marketplace.imports.services.report import HEAD, table, write_report
from marketplace.imports.services.starting import (
    OPEN,
    check,
    drop,
    map_columns,
    run,
    sheet_of,
    undo,
    upload,
)
from marketplace.imports.services.working import sweep, work

__all__ = [
    "HEAD",
    "OPEN",
    "Preview",
    "check",
    "drop",
    "map_columns",
    "preview",
    "run",
    "sheet_of",
    "sweep",
    "table",
    "undo",
    "upload",
    "work",
    "write_report",
]
