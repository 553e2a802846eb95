"""What is measured is what happened."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from marketplace.catalog.models import AIModel
from marketplace.service_levels import arithmetic, services
from marketplace.service_levels.arithmetic import Counts, Promise
from marketplace.service_levels.models import Measured, MeasuredDay, Target, Window
from portal.audit.models import Event
from portal.core import tenancy
from portal.core.errors import Refused
from tests import factories

DAY = timedelta(days=1)
PROMISE = Promise(Decimal("99.9"), 100, Decimal(95))


def counts(window: str = Window.HOUR, environment: str = "") -> Counts:
    return Measured.objects.get(window=window, environment=environment).counts


def test_ours_is_ours_and_theirs_is_theirs(target, call):
    for status in (200, 200, 204, 302, 422, 429, 500, 503, None):
        call(status)
    services.measure()
    assert counts() == Counts(calls=7, good=4, fast=4, excluded=2)
    assert counts().failed == 3


def test_in_time_is_within_the_promise(target, call):
    for ms in (10, 99.9, 100, 100.1, 5000):
        call(200, ms=ms)
    call(500, ms=1)
    services.measure()
    row = Measured.objects.get(window=Window.HOUR, environment="")
    assert (row.calls, row.good, row.fast, row.p50_ms) == (6, 5, 3, 100)
    assert 100.1 < row.p95_ms < 5000


def test_windows_and_environments_are_kept_apart(target, call):
    call(200, ago=timedelta(minutes=59))
    call(200, ago=timedelta(minutes=61), environment="development")
    call(500, ago=timedelta(hours=25))
    call(200, ago=timedelta(days=31))
    services.measure()
    assert [counts(w).calls for w in Window] == [1, 2, 3]
    assert counts(Window.DAY, "development").calls == 1
    assert counts(Window.MONTH, "production") == Counts(calls=2, good=1, fast=1)


def test_an_open_call_is_not_counted_yet(target, call):
    call(None, ended_as=None, ended_at=None, amount_nano=None)
    services.measure()
    assert not Measured.objects.exists()


def test_a_window_that_empties_says_so(target, call):
    call(200)
    services.measure()
    past = timezone.now() - DAY
    row = Measured.objects.filter(environment="production")
    row.update(calls=5, measured_at=past, environment="staging")
    services.measure()
    assert counts(Window.HOUR, "staging") == Counts()


def test_days_are_counted_once_and_caught_up_after_a_silence(target, call):
    call(200, ago=10 * DAY)
    call(500, ago=3 * DAY)
    services.measure()
    services.measure()
    assert [row.counts.failed for row in MeasuredDay.objects.order_by("day")] == [0, 1]
    call(200, ago=2 * DAY)
    call(200, ago=timedelta(seconds=1))
    services.measure()
    assert sum(row.calls for row in MeasuredDay.objects.all()) == 4


def test_measuring_reaches_all_tenants_and_takes_few_queries(target, call, vision):
    call(200)
    services.measure()
    for n in range(5):
        factories.model(f"model-{n}", vision)
    tenancy.enter("")
    with CaptureQueriesContext(connection) as seen:
        services.measure()
    assert len(seen) <= 25
    assert counts().calls == 1 and Target.objects.count() == 6


def test_nothing_measured_is_nothing_claimed():
    none = Counts()
    assert arithmetic.availability(none) is None and arithmetic.in_time(none) is None
    assert arithmetic.met(none, PROMISE) is None
    assert arithmetic.budget(none, PROMISE, DAY) is None


def test_the_error_budget_in_calls_and_minutes():
    left = arithmetic.budget(Counts(calls=10_000, good=9_994, fast=9_994), PROMISE, 30 * DAY)
    assert left.calls_allowed == pytest.approx(10)
    assert left.calls == pytest.approx(4)
    assert left.minutes_allowed == pytest.approx(43.2)
    assert left.minutes == pytest.approx(43.2 - 43_200 * 6 / 10_000)
    spent = arithmetic.budget(Counts(calls=100, good=90, fast=90), PROMISE, DAY)
    assert spent.calls < 0 and spent.left == 0
    assert (left.in_calls, left.in_minutes) == ("4 of 10 calls", "17 of 43 min")
    assert spent.in_calls == "spent, 9.9 calls over"


@pytest.mark.parametrize(
    ("good", "fast", "met"),
    [(9990, 9990, True), (9989, 9989, False), (9990, 9490, False), (0, 0, False)],
)
def test_a_target_is_met_only_if_both_promises_are(good, fast, met):
    assert arithmetic.met(Counts(10_000, good, fast), PROMISE) is met


def test_shares_are_never_rounded_up_into_a_promise_kept():
    assert arithmetic.words(Decimal("99.8999")) == "99.89\N{NO-BREAK SPACE}%"
    assert [arithmetic.words(Decimal(n)) for n in (100, 0)] == [
        "100\N{NO-BREAK SPACE}%",
        "0\N{NO-BREAK SPACE}%",
    ]


def test_publishers_promise_and_it_is_in_the_trail(model, publisher, consumer):
    services.promise(model, by=publisher, availability=Decimal("99.5"), latency_ms=250)
    target = Target.objects.get(model=model)
    assert (target.availability, target.latency_ms) == (Decimal("99.5"), 250)
    assert Event.objects.about(model).newest_first()[0].verb == "promised a service level"
    with pytest.raises(PermissionDenied):
        services.promise(model, by=consumer, latency_ms=1)


@pytest.mark.parametrize(
    ("field", "value"),
    [("availability", Decimal(100)), ("availability", Decimal(1)), ("latency_ms", 0)],
)
def test_promises_nobody_can_keep_are_refused(model, publisher, field, value):
    with pytest.raises(Refused) as refused:
        services.promise(model, by=publisher, **{field: value})
    assert refused.value.field == field


def test_levels_are_seen_by_who_sees_the_model(target, call, model, consumer, publisher):
    call(200)
    services.measure()
    AIModel.objects.filter(pk=model.pk).update(visibility="nobody")
    seen = {p.username: Measured.objects.visible_to(p).exists() for p in (consumer, publisher)}
    assert seen == {"consumer": False, "publisher": True}
