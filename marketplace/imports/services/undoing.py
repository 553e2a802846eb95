"""Takes an import back: what it created and nobody uses, what nobody changed since."""

from collections import Counter

from django.utils import timezone

from marketplace.catalog.models import External
from marketplace.catalog.services import references
from marketplace.imports.lifecycle import ImportStatus, Outcome, Undoing
from marketplace.imports.models import Import, ImportRow
from portal.audit.services import advance
from portal.core import tenancy
from portal.core.errors import Refused

TOUCHED = (Outcome.CREATED, Outcome.CHANGED)
GONE = "It was taken out of the catalogue before."
CHANGED_SINCE = "A later import changed it. Undo that one first."


def step(subject: Import, chunk: int, told) -> None:
    """Undo the next rows, the last of the file first; the end of it when none is left."""
    with tenancy.as_system():
        rows = subject.rows.filter(outcome__in=TOUCHED, undoing="").order_by("-place")
        waiting = list(rows.select_for_update(of=("self",))[:chunk])
        for row in waiting:
            row.undoing, row.undoing_why = _take_back(row, subject.by)
        ImportRow.objects.bulk_update(waiting, ["undoing", "undoing_why"])
        counts = Counter(subject.undone)
        counts.update(row.undoing for row in waiting)
        subject.undone, subject.moved_at = dict(counts), timezone.now()
        subject.save(update_fields=["undone", "moved_at"])
        if not waiting:
            subject.finished_at = timezone.now()
            subject.save(update_fields=["finished_at"])
            advance(subject, ImportStatus.UNDONE, by=subject.by, **subject.undone)
    if told:
        told(subject)


def _take_back(row: ImportRow, by) -> tuple[str, str]:
    """What becomes of one row, and why it stays if it does."""
    external = External.objects.select_related("model").filter(model=row.model_id).first()
    if external is None:
        return Undoing.KEPT, GONE
    if external.written != row.after:
        return Undoing.KEPT, CHANGED_SINCE
    if row.outcome == Outcome.CHANGED:
        references.rewrite(external, row.before, by=by, why="was put back")
        return Undoing.RESTORED, ""
    try:
        references.remove(external.model, by=by)
    except Refused as refused:
        return Undoing.KEPT, refused.detail[:400]
    row.model = None
    return Undoing.REMOVED, ""
