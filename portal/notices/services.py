"""The verbs of notices: tell people, mark as read, send the mail that is owed."""

import logging
from datetime import timedelta
from smtplib import SMTPException
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from portal.audit.services import denied, record
from portal.core import tenancy
from portal.core.background import after_commit
from portal.notices import broadcast
from portal.notices.models import Notice

log = logging.getLogger(__name__)

TITLE = Notice._meta.get_field("title").max_length
WAITS = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720)]
DAILY = timedelta(days=1)  # between attempts, once the waits are used up; a mail is never dropped
BATCH = 100


def tell(people, *, tenant, title, href, body="", tone="info") -> list[Notice]:
    """Owe each of `people` (accounts) a notice, in the portal and by mail.

    The rows belong to the caller's transaction: undone with it, delivered after it. `tenant` is
    whose business it is, one that the people can read; `href` is a path of the portal. Closed
    accounts are left out. The platform writes the rows, whoever acts.
    """
    owed = {person.pk: person for person in people if person.is_active}
    said = " ".join(str(title).split())[:TITLE]
    rows = [
        Notice(tenant=tenant, person=person, title=said, body=body, href=href, tone=tone)
        for person in owed.values()
    ]
    if not rows:
        return []
    with tenancy.as_system():
        Notice.objects.bulk_create(rows)
        for row in rows:
            after_commit("notices.deliver", notice_id=str(row.pk))
        broadcast.moved(owed)
    return rows


@transaction.atomic
def mark_read(notice: Notice, *, by) -> Notice:
    """Take a notice off the count of `by`; doing it twice changes nothing."""
    if notice.person_id != by.pk:
        raise denied("read", notice, by=by, why="This notice is somebody else's.")
    now = timezone.now()
    if Notice.objects.visible_to(by).unread().filter(pk=notice.pk).update(read_at=now):
        notice.read_at = now
        record("read", notice, by=by)
        broadcast.moved([by.pk])
    return notice


@transaction.atomic
def mark_all_read(*, by) -> int:
    """Take every notice of `by` off the count; returns how many there were."""
    count = Notice.objects.visible_to(by).unread().update(read_at=timezone.now())
    if count:
        record("read all notices", by, by=by, count=count)
        broadcast.moved([by.pk])
    return count


def unread(user) -> int:
    """How many notices wait for `user`."""
    return Notice.objects.visible_to(user).unread().count()


def send(notice_id) -> bool:
    """Mail one notice if it is still owed and nobody is at it; says whether it went out."""
    return bool(_send_next(Notice.objects.filter(pk=notice_id)))


def send_owed(limit: int = BATCH) -> int:
    """Mail what is owed and due, oldest first, at most `limit`; returns how many went out."""
    sent = 0
    for _ in range(limit):
        went = _send_next(Notice.objects.all())
        if went is None:
            break
        sent += went
    return sent


def _send_next(among) -> bool | None:
    """Claim one due row and mail it: True sent, False put off, None nothing to claim.

    The row stays locked while the mail goes out. Whoever dies in between leaves it owed: the
    mail may go out twice, with the same Message-ID, but never not at all.
    """
    with tenancy.as_system():
        claim = among.due().select_for_update(skip_locked=True, of=("self",))
        notice = claim.select_related("person").order_by("id").first()
        return None if notice is None else _mail(notice)


def _mail(notice: Notice) -> bool:
    notice.attempts += 1
    try:
        if notice.person.is_active:
            _message(notice).send()
    except (SMTPException, OSError) as failure:
        notice.try_after = timezone.now() + _pause(notice.attempts)
        notice.save(update_fields=["attempts", "try_after"])
        log.warning(
            "notice %s: attempt %s failed (%s), next at %s",
            notice.pk, notice.attempts, type(failure).__name__, notice.try_after.isoformat(),
        )  # fmt: skip
        return False
    notice.told_at = timezone.now()
    notice.save(update_fields=["attempts", "told_at"])
    return True


def _pause(attempts: int) -> timedelta:
    return WAITS[attempts - 1] if attempts <= len(WAITS) else DAILY


def _message(notice: Notice) -> EmailMessage:
    text = render_to_string(
        "portal/notices/mail.txt", {"notice": notice, "link": settings.PORTAL_URL + notice.href}
    )
    host = urlsplit(settings.PORTAL_URL).hostname or "localhost"
    return EmailMessage(
        subject=notice.title,
        body=text,
        to=[notice.person.email],
        headers={"Message-ID": f"<{notice.pk}@{host}>", "Auto-Submitted": "auto-generated"},
    )
