"""Pages of feedback."""

from marketplace.feedback.views.on_model import OnModel, Rate, ReportProblem, TakeBack
from marketplace.feedback.views.on_report import (
    Affects,
    Close,
    Confirm,
    Decline,
    Example,
    Fix,
    Reopen,
    Reply,
    ReportPage,
    Spares,
)
from marketplace.feedback.views.reports import Reports

__all__ = [
    "Affects",
    "Close",
    "Confirm",
    "Decline",
    "Example",
    "Fix",
    "OnModel",
    "Rate",
    "Reopen",
    "Reply",
    "ReportPage",
    "ReportProblem",
    "Reports",
    "Spares",
    "TakeBack",
]
