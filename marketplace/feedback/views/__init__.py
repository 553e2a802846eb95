"""Pages of feedback."""

from marketplace.feedback.views.on_model import OnModel, Rate, ReportProblem, TakeBack
from marketplace.feedback.views.on_report import (
    Close,
    Confirm,
    Decline,
    Example,
    Fix,
    Reopen,
    Reply,
    ReportPage,
)
from marketplace.feedback.views.reports import Reports

__all__ = [
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
    "TakeBack",
]
