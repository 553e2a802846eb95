"""What people are told, and the mail they are owed."""

from datetime import timedelta
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from portal.core import tenancy
from portal.notices import services
from portal.notices.models import Notice
from tenants.directory import services as directory


def tell(person, tenant, **more):
    return services.tell([person], tenant=tenant, title="digits is yours", href="/access/", **more)


def test_a_closed_account_is_told_nothing(consumer, claims):
    directory.set_active(consumer, False, by=None)
    assert tell(consumer, claims) == []


def test_one_person_named_twice_is_told_once(consumer, claims):
    services.tell([consumer, consumer], tenant=claims, title="x", href="/")
    assert Notice.objects.filter(person=consumer).count() == 1


def test_a_person_of_one_tenant_can_tell_a_person_of_another(consumer, owner, vision):
    with tenancy.acting_as(consumer):
        tell(owner, vision)
        assert not Notice.objects.exists()
    with tenancy.acting_as(owner):
        assert Notice.objects.visible_to(owner).count() == 1


def test_a_notice_is_undone_with_the_change_it_tells_of(consumer, claims):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        tell(consumer, claims)
        1 / 0  # noqa: B018
    assert not Notice.objects.exists()


def test_the_mail_carries_the_whole_link(consumer, claims, settings):
    settings.PORTAL_URL = "https://models.example.org"
    tell(consumer, claims, body="Until 1 May 2027.")
    assert services.send_owed() == 1
    (sent,) = mail.outbox
    assert sent.to == [consumer.email]
    assert "https://models.example.org/access/" in sent.body
    assert "Until 1 May 2027." in sent.body


def test_a_mail_goes_out_once(consumer, claims):
    (notice,) = tell(consumer, claims)
    assert services.send(notice.pk)
    assert not services.send(notice.pk)
    assert services.send_owed() == 0
    assert len(mail.outbox) == 1


def test_a_failed_mail_stays_owed_and_waits(consumer, claims, settings):
    settings.EMAIL_BACKEND = "tests.portal.notices.test_services.DeadServer"
    (notice,) = tell(consumer, claims)
    assert services.send_owed() == 0
    notice.refresh_from_db()
    assert (notice.told_at, notice.attempts) == (None, 1)
    assert notice.try_after > timezone.now()
    assert services.send_owed() == 0
    notice.refresh_from_db()
    assert notice.attempts == 1


def test_a_waiting_mail_goes_out_when_its_time_has_come(consumer, claims):
    (notice,) = tell(consumer, claims)
    Notice.objects.update(attempts=3, try_after=timezone.now() - timedelta(seconds=1))
    assert services.send_owed() == 1


def test_a_title_of_many_lines_is_one_subject(consumer, claims):
    services.tell([consumer], tenant=claims, title="one\nBcc: all@example.org", href="/")
    services.send_owed()
    assert mail.outbox[0].subject == "one Bcc: all@example.org"


def test_who_left_before_the_mail_gets_none(consumer, claims):
    tell(consumer, claims)
    directory.set_active(consumer, False, by=None)
    services.send_owed()
    assert not mail.outbox
    assert not Notice.objects.owed_by_mail().exists()


def test_nobody_reads_for_somebody_else(consumer, stranger, claims):
    (notice,) = tell(consumer, claims)
    with pytest.raises(PermissionDenied):
        services.mark_read(notice, by=stranger)


def test_reading_all_touches_only_my_own(consumer, owner, claims, vision):
    tell(consumer, claims)
    tell(owner, vision)
    assert services.mark_all_read(by=consumer) == 1
    assert services.unread(owner) == 1


class DeadServer:
    """A mail backend that never answers."""

    def __init__(self, **kwargs): ...

    def send_messages(self, messages):
        raise SMTPServerDisconnected("gone")
