"""Times on pages are those of the reader; what is evidence is in UTC for everybody."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.utils import timezone

from marketplace.access.models import Grant
from portal.audit.models import Event
from portal.core.templatetags import _words
from portal.web.zones import in_zone_of
from tenants.chargeback import report, services
from tenants.chargeback.windows import Window
from tests.portal.people import signed_in
from tests.tenants.chargeback import book

LATE = datetime(2027, 2, 23, 23, 30, tzinfo=UTC)


def living_in(user, zone: str):
    user.time_zone = zone
    user.save(update_fields=["time_zone"])
    return user


@pytest.fixture
def grant(model, claims):
    """Access that ends half an hour before midnight in UTC."""
    return Grant.objects.create(
        tenant=claims, provider=model.tenant, model=model, environment="production", ends_at=LATE
    )


@pytest.mark.parametrize(
    ("zone", "at", "day", "local"),
    [
        ("UTC", LATE, "23 Feb 2027", "23 Feb 2027, 23:30 UTC"),
        ("Europe/Berlin", LATE, "24 Feb 2027", "24 Feb 2027, 00:30 CET"),
        ("America/Sao_Paulo", LATE, "23 Feb 2027", "23 Feb 2027, 20:30 UTC-03:00"),
        ("Pacific/Kiritimati", LATE, "24 Feb 2027", "24 Feb 2027, 13:30 UTC+14:00"),
    ],
)
def test_around_midnight_the_day_is_the_readers(zone, at, day, local):
    with in_zone_of(SimpleNamespace(time_zone=zone)):
        assert (_words.day(at), _words.local(at)) == (day, local)
        assert _words.exact(at) == "23 Feb 2027, 23:30:00 UTC"


def test_the_hour_that_comes_twice_is_told_apart():
    first, second = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    with in_zone_of(SimpleNamespace(time_zone="Europe/Berlin")):
        assert _words.local(first) == "25 Oct 2026, 02:30 CEST"
        assert _words.local(second) == "25 Oct 2026, 02:30 CET"


def test_the_hour_that_does_not_exist_is_never_shown():
    before, after = (
        datetime(2027, 3, 28, 0, 59, tzinfo=UTC),
        datetime(2027, 3, 28, 1, tzinfo=UTC),
    )
    with in_zone_of(SimpleNamespace(time_zone="Europe/Berlin")):
        assert _words.local(before) == "28 Mar 2027, 01:59 CET"
        assert _words.local(after) == "28 Mar 2027, 03:00 CEST"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "/etc/passwd", "UTC"])
def test_a_zone_that_is_not_known_is_utc(zone):
    with in_zone_of(SimpleNamespace(time_zone=zone)):
        assert timezone.get_current_timezone_name() == "UTC"


@pytest.mark.parametrize(("zone", "day"), [("Europe/Berlin", "24"), ("America/New_York", "23")])
def test_a_page_shows_the_day_of_its_reader_and_utc_on_hover(client, consumer, grant, zone, day):
    page = signed_in(client, living_in(consumer, zone)).get(f"/access/grants/{grant.pk}/")
    told = f'title="23 Feb 2027, 23:30:00 UTC">{day} Feb 2027</time>'
    assert told in page.content.decode()
    assert timezone.get_current_timezone_name() == "UTC"


def test_the_trail_is_in_utc_for_everybody(client, auditor, model):
    at = Event.objects.newest_first()[0].at
    page = signed_in(client, living_in(auditor, "Pacific/Kiritimati")).get("/audit/")
    assert "Time, UTC" in page.content.decode()
    assert f"{at.day} {at:%b %Y, %H:%M:%S}</time>" in page.content.decode()


def test_the_api_is_in_utc_for_everybody(client, consumer, grant):
    signed_in(client, living_in(consumer, "Pacific/Kiritimati"))
    rows = client.get("/api/v1/grants/").json()["results"]
    assert [row["ends_at"] for row in rows] == ["2027-02-23T23:30:00Z"]


def test_days_of_usage_are_those_of_utc(model, claims, finance):
    call = book.used(model, claims, 1000)
    services.correct(call.pk, by=finance, nano=-5, note="Slow")
    now = timezone.now()
    elsewhere = "Pacific/Kiritimati" if now.hour >= 10 else "Pacific/Pago_Pago"
    with in_zone_of(SimpleNamespace(time_zone=elsewhere)):
        assert timezone.localdate(now) != now.date()
        today = Window(now.date(), now.date())
        assert report.corrected(finance, None, today, "EUR") == -5
