"""Two senders at once, in transactions of their own: every mail goes out, none twice."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core import mail
from django.db import connection

from portal.core import tenancy
from portal.notices import services
from portal.notices.models import Notice
from tests import factories
from tests.committed import sweep_away
from tests.conftest import person


@pytest.fixture
def owed(django_db_setup, django_db_blocker):
    """Twelve mails that are owed, committed."""
    with django_db_blocker.unblock():
        with tenancy.as_system():
            claims = factories.tenant("claims")
            consumer = person("consumer", claims, "consumer")
            for number in range(12):
                services.tell([consumer], tenant=claims, title=f"Notice {number}", href="/")
        yield
        sweep_away()


def test_two_senders_share_the_work(owed):
    start = Barrier(3)

    def send(_):
        start.wait()
        try:
            return services.send_owed()
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        sent = sum(pool.map(send, range(3)))
    subjects = [message.subject for message in mail.outbox]
    assert sent == len(subjects) == len(set(subjects)) == 12
    with tenancy.as_system():
        assert not Notice.objects.owed_by_mail().exists()


def test_who_dies_after_sending_leaves_it_owed(owed, monkeypatch):
    class Died(BaseException):
        pass

    def die(*args, **kwargs):
        raise Died

    monkeypatch.setattr(Notice, "save", die)
    with pytest.raises(Died):
        services.send_owed()
    with tenancy.as_system():
        assert Notice.objects.owed_by_mail().count() == 12
