"""What becomes of a report: confirmed, fixed in a version, declined, closed, opened again."""

from django.db import transaction

from marketplace.feedback.lifecycle import ReportStatus
from marketplace.feedback.models import Report
from marketplace.feedback.services import rules, told
from portal.audit.services import advance, denied
from portal.core.errors import Refused

NOTE = Report._meta.get_field("reason").max_length


@transaction.atomic
def confirm(report: Report, *, by, note: str = "") -> Report:
    """The model is wrong there: publishers. Its reporter is told."""
    _require_publisher(report, "confirm", by)
    return _move(report, ReportStatus.CONFIRMED, by=by, reason=_note(note))


@transaction.atomic
def fix(report: Report, *, by, version: int, note: str = "") -> Report:
    """It is put right in a later `version` than it was seen in: publishers. Reporters hear."""
    _require_publisher(report, "fix", by)
    if version is None:
        raise Refused("Say in which version it is fixed.", field="version")
    number = rules.version_of(report.model, version, "version")
    if report.version and number <= report.version:
        seen = f"It was seen in version {report.version}; name a later one."
        raise Refused(seen, field="version")
    return _move(report, ReportStatus.FIXED, by=by, reason=_note(note), fixed_in=number)


@transaction.atomic
def decline(report: Report, *, by, note: str) -> Report:
    """It stays as it is, and why: publishers. Its reporter is told."""
    _require_publisher(report, "decline", by)
    why = _note(note, needed="Say why it stays as it is.")
    return _move(report, ReportStatus.DECLINED, by=by, reason=why)


@transaction.atomic
def close(report: Report, *, by, note: str = "") -> Report:
    """Nothing more is to be done: the team that reported it."""
    _require_reporter(report, "close", by)
    return _move(report, ReportStatus.CLOSED, by=by, reason=_note(note))


@transaction.atomic
def reopen(report: Report, *, by, note: str) -> Report:
    """It is still wrong, and how: the team that reported it. The publishers are told."""
    _require_reporter(report, "open again", by)
    why = _note(note, needed="Say what is still wrong.")
    return _move(report, ReportStatus.OPEN, by=by, reason=why)


def _move(report: Report, to: str, *, by, reason: str, fixed_in: int | None = None) -> Report:
    report.lifecycle.check(report.status, to)
    here = Report.objects.visible_to(by).filter(pk=report.pk)
    if fixed_in is not None:  # known before it is called fixed; undone if somebody was faster
        here.filter(status=report.status).update(fixed_in=fixed_in)
    advance(report, to, by=by, note=reason, fixed_in=fixed_in)
    here.update(reason=reason, fixed_in=fixed_in)
    report.reason, report.fixed_in = reason, fixed_in
    told.of_move(report, by=by)
    return report


def _note(text: str, *, needed: str = "") -> str:
    return rules.words(text, NOTE, "note", needed=needed)


def _require_publisher(report: Report, verb: str, by) -> None:
    if not rules.publishes(report, by):
        why = f"Only publishers of {report.provider} can do this."
        raise denied(verb, report, by=by, why=why)


def _require_reporter(report: Report, verb: str, by) -> None:
    if not rules.speaks_for_reporter(report, by):
        raise denied(verb, report, by=by, why="Only the team that reported it can do this.")
