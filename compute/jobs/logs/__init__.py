"""The logs of jobs: stored by line number, read from both ends, searched, and dropped in time."""

from compute.jobs.logs.dropping import drop_old, kept_until
from compute.jobs.logs.reading import (
    MOST,
    Found,
    everything,
    found,
    lines_after,
    lines_around,
    lines_before,
)
from compute.jobs.logs.reception import GRACE, finish, unread
from compute.jobs.logs.storing import MOST_LINES, Batch, store, store_all

__all__ = [
    "GRACE",
    "MOST",
    "MOST_LINES",
    "Batch",
    "Found",
    "drop_old",
    "everything",
    "finish",
    "found",
    "kept_until",
    "lines_after",
    "lines_around",
    "lines_before",
    "store",
    "store_all",
    "unread",
]
