"""What operators do with an import: bring a file, say what its columns mean, start, undo."""

import gzip
import hashlib
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from marketplace.catalog import facts
from marketplace.imports import columns
from marketplace.imports.lifecycle import ImportStatus
from marketplace.imports.models import Import, ImportFile
from marketplace.imports.reading import Sheet, read
from portal.audit.services import advance, denied, record
from portal.core.background import after_commit
from portal.core.errors import Conflict

OPEN = frozenset({ImportStatus.UPLOADED, ImportStatus.CHECKED, ImportStatus.FAILED})


@transaction.atomic
def upload(name: str, content: bytes, *, by, tenant=None, source: str = "") -> Import:
    """Keep a file (CSV, plain or gzip) with a proposal of what its columns mean.

    `tenant`: only its people find what is imported; otherwise everybody does. Raises `Refused`
    for what is no table of text.
    """
    if by is not None and not by.is_operator:
        raise denied("import models", by, by=by, why="Only operators import models.")
    sheet = read(content)
    total = sum(1 for _ in sheet.rows())
    made = Import.objects.create(
        name=facts.line(name, 200) or "file.csv",
        digest=hashlib.sha256(content).hexdigest(),
        size=len(content),
        by=by,
        for_tenant=tenant,
        source=facts.line(source, 80),
        mapping=columns.propose(sheet.header),
        reading={"told": list(sheet.told), "header": list(sheet.header)},
        total=total,
    )
    packed = content if content.startswith(b"\x1f\x8b") else gzip.compress(content, 6)
    ImportFile.objects.create(of=made, content=packed)
    record("uploaded", made, by=by, rows=total, digest=made.digest)
    return made


@transaction.atomic
def map_columns(
    subject: Import, *, by, mapping: Mapping[str, str], source: str = "", tenant=None
) -> Import:
    """Say what each column means. Raises `Refused` with what does not fit the file."""
    subject = _held(subject, "map the columns of", by)
    if subject.status not in OPEN or subject.touched:
        raise Conflict("The columns are settled once an import runs.")
    told = columns.check(mapping, subject.reading["header"], source=source)
    before = subject.mapping
    subject.mapping, subject.source = told, facts.line(source, 80)
    subject.for_tenant = tenant
    subject.save(update_fields=["mapping", "source", "for_tenant"])
    record("mapped the columns of", subject, by=by, before=before, after=told)
    return subject


@transaction.atomic
def check(subject: Import, *, by, later: bool = True) -> Import:
    """Go through every row and change nothing: the report of an import before it happens.

    `later`: a worker does it. Otherwise the caller does, with `work`.
    """
    return _start(subject, ImportStatus.CHECKING, "check", by, later)


@transaction.atomic
def run(subject: Import, *, by, later: bool = True) -> Import:
    """Bring the rows into the catalogue; `later` as above."""
    return _start(subject, ImportStatus.RUNNING, "run", by, later)


@transaction.atomic
def undo(subject: Import, *, by, later: bool = True) -> Import:
    """Take out what this import created, put back what it changed, as far as it still can."""
    subject = _held(subject, "undo", by)
    _give(subject, ImportStatus.UNDOING, by, later)
    return subject


@transaction.atomic
def drop(subject: Import, *, by) -> Import:
    """Give up an import that has changed nothing; its file is deleted."""
    subject = _held(subject, "drop", by)
    if subject.touched:
        raise Conflict("It has changed the catalogue. Undo it instead.")
    advance(subject, ImportStatus.DROPPED, by=by)
    ImportFile.objects.filter(of=subject).delete()
    return subject


def sheet_of(subject: Import) -> Sheet:
    """The file of an import, read again."""
    return read(bytes(subject.file.content))


def _start(subject: Import, status: str, verb: str, by, later: bool) -> Import:
    subject = _held(subject, verb, by)
    columns.check(subject.mapping, subject.reading["header"], source=subject.source)
    touched = subject.touched
    if touched and status == ImportStatus.CHECKING:
        raise Conflict("It has changed the catalogue before it failed. Go on with it, or undo it.")
    if subject.status in OPEN and not touched:
        subject.rows.all().delete()  # of a check: they tell of nothing that happened
        subject.done, subject.counts, subject.normalised, subject.why = 0, {}, {}, ""
        subject.save(update_fields=["done", "counts", "normalised", "why"])
    _give(subject, status, by, later)
    return subject


def _give(subject: Import, status: str, by, later: bool) -> None:
    if status not in subject.lifecycle.moves[subject.status]:
        raise Conflict(f"This import is {subject.get_status_display().lower()}.")
    now = timezone.now()
    subject.started_at, subject.moved_at, subject.finished_at = now, now, None
    subject.by = by or subject.by
    subject.save(update_fields=["started_at", "moved_at", "finished_at", "by"])
    advance(subject, status, by=by)
    if later:
        after_commit("imports.work", import_id=str(subject.pk))


def _held(subject: Import, verb: str, by) -> Import:
    """The row, locked; 403 for anybody but operators."""
    if by is not None and not by.is_operator:
        raise denied(verb, subject, by=by, why="Only operators import models.")
    return Import.objects.select_for_update(of=("self",)).get(pk=subject.pk)
