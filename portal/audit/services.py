"""The ways to leave a trace: `record`, `denied`, and `advance`, the only pen for a status."""

import hmac
from collections.abc import Sequence
from contextlib import nullcontext

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction

from portal.audit import lines
from portal.audit.writer import next_place
from portal.core.actor import scene
from portal.core.lifecycle import Overtaken

AT_ONCE = 100  # lines in one statement


def record(verb: str, subject, *, by, note: str = "", tenant=None, **facts) -> None:
    """Write one line in the trail, in the transaction of the change it tells of.

    `by=None` means the system itself. `tenant` is whose business it is (default:
    `subject.tenant`). `facts` are small JSON values: what it was, what it is; never a secret.
    """
    _write(_payload(verb, subject, by=by, note=note, tenant=tenant, facts=facts))


def record_all(verb: str, subjects: Sequence, *, by, note: str = "", **facts) -> None:
    """`record` the same of each of `subjects`, which are new or changed in the same way: each has
    a line of its own, `AT_ONCE` of them in one statement."""
    for start in range(0, len(subjects), AT_ONCE):
        some = subjects[start : start + AT_ONCE]
        _write(*(_payload(verb, one, by=by, note=note, tenant=None, facts=facts) for one in some))


def denied(verb: str, subject, *, by, why: str, tenant=None) -> PermissionDenied:
    """Remember that `by` was refused, and give back the exception to raise.

    The change is undone with its transaction, so the line is kept aside; the face writes
    it with `write_denials` once the transaction has ended.
    """
    line = _payload(f"denied {verb}", subject, by=by, note=why, tenant=tenant, facts={})
    scene().denials.append(line)
    return PermissionDenied(why)


def write_denials(kept: list[str]) -> None:
    """Write what `denied` kept aside, in a transaction of its own."""
    with transaction.atomic():
        for line in kept:
            _write(line)


def advance(subject, to: str, *, by, note: str = "", also: dict | None = None, **facts) -> None:
    """Move `subject` to another status, and set the columns in `also` with it.

    A compare-and-swap: of two hands on the same row one wins, the other is `Overtaken`.
    """
    advance_all([subject], to, by=by, note=note, also=also, **facts)


def advance_all(
    subjects: Sequence, to: str, *, by, note: str = "", also: dict | None = None, **facts
) -> None:
    """`advance` of several rows of one model that are in the same status, all or none. The only
    code that writes a status."""
    first, before = subjects[0], subjects[0].status
    first.lifecycle.check(before, to)
    facts |= {"before": before, "after": to}
    with nullcontext() if connection.in_atomic_block else transaction.atomic():
        keys = [subject.pk for subject in subjects]
        here = type(first)._base_manager.filter(pk__in=keys, status=before)
        if here.update(status=to, **also or {}) != len(keys):
            raise Overtaken(f"{first} is no longer {before}")
        record_all(to, subjects, by=by, note=note, **facts)
    for subject in subjects:
        subject.status = to


def _payload(verb, subject, *, by, note, tenant, facts) -> str:
    here = scene()
    owner = tenant or getattr(subject, "tenant", None)
    return lines.compose(
        verb,
        actor=(getattr(by, "username", ""), str(by.pk)) if by else ("", ""),
        subject=(subject._meta.label_lower, str(subject.pk), str(subject)),
        tenant=owner.pk if owner else None,
        note=note,
        request_id=here.request_id,
        address=here.address,
        channel=here.channel,
        key=here.key,
        facts=facts,
    )


def _write(*payloads: str) -> None:
    values: list = []
    for payload in payloads:
        writer, wseq = next_place()
        values += [writer, wseq, payload, seal(writer, wseq, payload)]
    with connection.cursor() as cursor:
        cursor.execute(lines.INSERT + lines.ROW * (len(payloads) - 1), values)


def seal(writer: str, wseq: int, payload: str) -> bytes:
    """The seal of a line, with the key of this installation."""
    return lines.seal(settings.AUDIT_KEY, writer, wseq, payload)


def genuine(event) -> bool:
    """Whether the line is as its writer wrote it."""
    expected = seal(event.writer, event.wseq, event.payload)
    return hmac.compare_digest(bytes(event.mac), expected)
