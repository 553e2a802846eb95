"""Goes through the rows of an import, a hundred at a time; a worker that dies is taken over."""

import logging
from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from marketplace.imports.lifecycle import ImportStatus, Outcome
from marketplace.imports.models import Import, ImportFile, ImportRow
from marketplace.imports.services import undoing
from marketplace.imports.services.batches import Batch
from marketplace.imports.services.starting import sheet_of
from portal.audit.services import advance
from portal.core import tenancy
from portal.core.background import after_commit, alone
from portal.core.errors import Refused

log = logging.getLogger(__name__)
CHUNK = 100
SILENT = timedelta(seconds=60)
LOCK = 0x6D77_0021


class Unbalanced(Exception):
    """Rows are missing from the report: a fault of ours, never of the file."""


def work(import_id, *, told=None) -> None:
    """Do all that is owed to an import. `told(import)` is called after every hundred rows.

    Returns at once when another worker is at any import: they share names and addresses.
    """
    with alone(LOCK) as mine:
        if not mine:
            return
        while True:
            with tenancy.as_system():
                subject = Import.objects.select_related("by", "for_tenant").get(pk=import_id)
            if not subject.moving:
                return
            step = undoing.step if subject.status == ImportStatus.UNDOING else _Run(subject).go
            try:
                step(subject, CHUNK, told)
            except (Refused, PermissionDenied, Unbalanced) as wrong:
                _fail(subject, getattr(wrong, "detail", str(wrong)))
                return


def sweep() -> None:
    """Imports whose worker has been silent for a minute are taken up again."""
    with tenancy.as_system():
        silent = Import.objects.moving().filter(moved_at__lt=timezone.now() - SILENT)
        for pk in silent.values_list("pk", flat=True):
            after_commit("imports.work", import_id=str(pk))


class _Run:
    """One pass over the file, from the first row that is not done yet."""

    def __init__(self, subject: Import) -> None:
        self.dry = subject.status == ImportStatus.CHECKING

    def go(self, subject: Import, chunk: int, told) -> None:
        sheet, batch = sheet_of(subject), Batch(subject, dry=self.dry)
        waiting = []
        for row in sheet.rows():
            if row.place <= subject.done:
                batch.remember(row, sheet.header)
                continue
            waiting.append(row)
            if len(waiting) == chunk:
                self._write(subject, batch, waiting, sheet.header, told)
                waiting = []
        if waiting:
            self._write(subject, batch, waiting, sheet.header, told)
        self._finish(subject)

    def _write(self, subject: Import, batch: Batch, rows: list, header: tuple, told) -> None:
        with tenancy.as_system():
            held = Import.objects.select_for_update(of=("self",)).get(pk=subject.pk)
            if held.done != rows[0].place - 1 or held.status != subject.status:
                raise Unbalanced("Another worker has gone on with this import.")
            ImportRow.objects.bulk_create(batch.fates(rows, header))
            subject.done, subject.counts = rows[-1].place, batch.counts
            subject.normalised, subject.moved_at = batch.report(), timezone.now()
            subject.save(update_fields=["done", "counts", "normalised", "moved_at"])
        if told:
            told(subject)

    def _finish(self, subject: Import) -> None:
        with tenancy.as_system():
            require_balance(subject)
            subject.finished_at = timezone.now()
            subject.save(update_fields=["finished_at"])
            after = ImportStatus.CHECKED if self.dry else ImportStatus.DONE
            advance(subject, after, by=subject.by, **subject.counts)
            if not self.dry:
                ImportFile.objects.filter(of=subject).delete()


def require_balance(subject: Import) -> None:
    """Every row of the file has exactly one fate. Raises `Unbalanced` otherwise."""
    told = sum(subject.counts.get(outcome, 0) for outcome in Outcome.values)
    kept = subject.rows.count()
    if not subject.total == subject.done == told == kept:
        raise Unbalanced(
            f"The file has {subject.total} rows, {subject.done} were read, "
            f"{told} are in the report, {kept} have a line. Nothing more was changed."
        )


def _fail(subject: Import, why: str) -> None:
    log.warning("Import %s failed: %s", subject.pk, why)
    with tenancy.as_system():
        subject = Import.objects.select_for_update(of=("self",)).get(pk=subject.pk)
        if not subject.moving:
            raise Unbalanced(why)
        subject.why, subject.finished_at = why[:500], timezone.now()
        subject.save(update_fields=["why", "finished_at"])
        advance(subject, ImportStatus.FAILED, by=subject.by, note=why[:500])
