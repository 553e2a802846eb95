"""Idle GPUs: warned, stopped with the reason, kept where somebody wishes it; by a held clock."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from compute.jobs import services
from compute.jobs.models import Happening, Job
from portal.audit.models import Event
from portal.core.errors import Conflict
from portal.notices.models import Notice
from tests.compute.jobs import plans, stage
from tests.compute.jobs.stage import fresh

NOON = timezone.now().replace(microsecond=0)


@pytest.fixture
def clock(monkeypatch):
    """Sets the time; it stands still in between."""

    def at(minutes: float) -> None:
        moment = NOON + timedelta(minutes=minutes)
        monkeypatch.setattr("compute.jobs.services.idling.timezone.now", lambda: moment)

    at(0)
    return at


@pytest.fixture
def idle(a100, job):
    """A job whose GPUs have been idle since noon."""
    plans.run_for(job, a100, 7200)
    Job.objects.filter(pk=job.pk).update(idle_since=NOON)
    return fresh(job)


def asked_to_stop(job) -> bool:
    return fresh(job).cancel_asked_at is not None


def test_it_is_warned_first_and_stopped_after_half_an_hour(idle, clock, consumer):
    clock(14)
    assert services.reclaim_idle() == 0
    clock(15)
    assert services.reclaim_idle() == 1
    assert services.reclaim_idle() == 0
    told = Notice.objects.get(person=consumer)
    assert "It is stopped in 15 minutes. Press Keep it" in told.body
    clock(29.9)
    assert services.reclaim_idle() == 0
    clock(30)
    assert services.reclaim_idle() == 1
    assert fresh(idle).cancel_reason.endswith("Its GPUs were idle for 30 minutes.")
    assert Event.objects.about(idle).filter(payload__contains="reclaimed").exists()


def test_a_warning_that_came_late_has_its_full_time(idle, clock):
    clock(300)
    services.reclaim_idle()
    clock(314)
    assert services.reclaim_idle() == 0
    clock(315)
    services.reclaim_idle()
    assert asked_to_stop(idle)


def test_who_keeps_it_keeps_it_until_it_has_worked_again(idle, clock, owner, claims, consumer):
    clock(16)
    services.reclaim_idle()
    services.keep(idle, by=consumer)
    clock(500)
    assert services.reclaim_idle() == 0 and not asked_to_stop(idle)
    Job.objects.filter(pk=idle.pk).update(idle_since=NOON + timedelta(minutes=600))
    clock(616)
    assert services.reclaim_idle() == 1
    clock(631)
    services.reclaim_idle()
    assert asked_to_stop(idle)
    words = Happening.objects.filter(job=idle, kind="kept").values_list("words", flat=True)
    assert list(words) == ["Kept by consumer though its GPUs are idle."]


def test_strangers_keep_nothing_and_nobody_keeps_what_works(idle, clock, stranger, consumer):
    with pytest.raises(PermissionDenied):
        services.keep(idle, by=stranger)
    services.keep(idle, by=consumer)
    with pytest.raises(Conflict, match="kept already"):
        services.keep(idle, by=consumer)
    Job.objects.filter(pk=idle.pk).update(idle_since=None)
    with pytest.raises(Conflict, match="nothing to keep"):
        services.keep(idle, by=consumer)


def test_what_is_not_measured_or_has_no_gpus_is_left_alone(a100, claims, consumer, clock):
    unmeasured = plans.run_for(stage.ask(claims, consumer), a100, 7200)
    cores = stage.flavour(a100.cluster, "cpu", product="")
    without = plans.run_for(stage.ask(claims, consumer, gpus=0), cores, 7200)
    Job.objects.filter(pk=without.pk).update(idle_since=NOON)
    clock(600)
    assert services.reclaim_idle() == 0
    assert not asked_to_stop(unmeasured) and not asked_to_stop(without)


def test_other_times_hold_where_they_are_set(idle, clock, settings):
    settings.IDLE_MINUTES, settings.IDLE_WARNING = 5, 0
    clock(5)
    services.reclaim_idle()
    assert not asked_to_stop(idle)
    services.reclaim_idle()
    assert asked_to_stop(idle)
