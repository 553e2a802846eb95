"""The verbs of feedback: rate, report, reply, and what becomes of a report."""

from marketplace.feedback.services.affecting import (
    affects,
    could_be_affected,
    spares,
)
from marketplace.feedback.services.deciding import close, confirm, decline, fix, reopen
from marketplace.feedback.services.rating import rate, take_back
from marketplace.feedback.services.reporting import example_of, reply, report
from marketplace.feedback.services.rules import callers, publishes, raters, speaks_for_reporter

__all__ = [
    "affects",
    "callers",
    "close",
    "confirm",
    "could_be_affected",
    "decline",
    "example_of",
    "fix",
    "publishes",
    "raters",
    "rate",
    "reopen",
    "reply",
    "report",
    "spares",
    "speaks_for_reporter",
    "take_back",
]
