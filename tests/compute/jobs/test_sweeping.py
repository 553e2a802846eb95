"""The sweep: what was missed is found, what nobody wants is ended, nothing is stopped by one."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db.models import F
from django.utils import timezone

from compute.jobs import services
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Attempt, Job, Run
from compute.jobs.services import sweeping
from compute.jobs.services.together import Visited
from portal.core.ids import new_id
from tenants.chargeback import services as chargeback
from tests.compute.jobs import stage
from tests.compute.jobs.stage import attempt_name, fresh


@pytest.fixture(autouse=True)
def listed_anew():
    cache.clear()


def end(job, engine) -> None:
    services.converge(job.pk)
    engine.run(attempt_name(job))
    engine.finish(attempt_name(job))
    services.converge(job.pk)


def later(monkeypatch, seconds: int) -> None:
    now = timezone.now() + timedelta(seconds=seconds)
    monkeypatch.setattr(sweeping.timezone, "now", lambda: now)


def not_seen_for_long() -> None:
    Job.objects.update(seen_at=F("seen_at") - timedelta(minutes=1))


def test_what_the_keeper_has_just_seen_is_left_to_it(job, engine):
    services.converge(job.pk)
    engine.run(attempt_name(job))
    services.sweep()
    assert fresh(job).status == JobStatus.QUEUED
    not_seen_for_long()
    services.sweep()
    assert fresh(job).status == JobStatus.RUNNING


def test_one_of_a_long_line_is_looked_at_less_often_unless_it_is_to_end(job, engine, monkeypatch):
    services.converge(job.pk)
    engine.run(attempt_name(job))
    monkeypatch.setattr(sweeping, "WAITING_LOOKS", 0.01)  # each 100 s, as there is one
    not_seen_for_long()
    services.sweep()
    assert fresh(job).status == JobStatus.QUEUED
    Job.objects.update(cancel_asked_at=timezone.now())
    services.sweep()
    assert fresh(job).status == JobStatus.CANCELLED


def test_a_lost_message_is_made_up_for(job, engine):
    services.sweep()
    assert fresh(job).status == JobStatus.QUEUED and len(engine.orders) == 1


def test_one_silent_cluster_does_not_keep_the_others_waiting(
    job, engine, vision, claims, consumer
):
    services.converge(job.pk)
    other = stage.cluster(vision, "there")
    stage.quota(claims, stage.flavour(other, "h100", memory_gb=80))
    engine.down = True
    second = stage.ask(claims, consumer, gpu_memory_gb=80)
    not_seen_for_long()
    services.sweep()
    assert fresh(second).status == JobStatus.QUEUED and fresh(job).cause == "silent"


def test_one_broken_job_stops_no_other(job, engine, claims, consumer, caplog):
    second = stage.ask(claims, consumer)
    services.converge(job.pk)
    Attempt.objects.filter(job=job).update(order={"nonsense": True})
    not_seen_for_long()
    services.sweep()
    assert fresh(second).status == JobStatus.QUEUED
    assert "could not be seen to" in caplog.text


def test_what_no_row_knows_is_ended_after_half_a_minute(cluster, a100, job, engine, monkeypatch):
    services.converge(job.pk)
    stray = replace(engine.orders[0], name=f"j-{new_id().hex}-1", uid=str(new_id()))
    engine.start(stray)
    engine.run(stray.name)
    assert sweeping.end_orphans(cluster) == 1
    assert not engine.look(stray.name).ended
    later(monkeypatch, 31)
    sweeping.end_orphans(cluster)
    assert list(engine.present()) == [attempt_name(job)]


def test_what_is_not_ours_is_left_alone(cluster, job, engine, monkeypatch):
    services.converge(job.pk)
    engine.start(replace(engine.orders[0], name="somebody-elses", uid="1"))
    later(monkeypatch, 90)
    assert sweeping.end_orphans(cluster) == 0
    assert len(engine.present()) == 2


def test_an_order_that_arrives_after_all_was_forgotten_is_ended_and_paid(cluster, job, engine):
    end(job, engine)
    Attempt.objects.update(noted_at=timezone.now() - timedelta(minutes=2))
    Run.objects.update(log_read_at=timezone.now())
    services.converge(job.pk)
    assert engine.present() == {} and fresh(job).settled_at
    engine.start(engine.orders[0])  # it was under way for long
    engine.run(attempt_name(job))
    engine.pass_time(30)
    assert sweeping.end_orphans(cluster) == 1
    late = Run.objects.latest("started_at")
    assert late.end == "stopped" and late.billed_at and late.nano
    assert fresh(job).settled_at is None
    Attempt.objects.update(noted_at=timezone.now() - timedelta(minutes=2))
    Run.objects.update(log_read_at=timezone.now())
    not_seen_for_long()
    services.sweep()
    assert engine.present() == {} and fresh(job).settled_at
    assert chargeback.verify_ledger() == []


def test_a_run_that_is_owed_by_a_settled_job_is_billed(job, engine):
    end(job, engine)
    run = Run.objects.get()
    Run.objects.create(
        tenant=job.tenant, job=job, attempt=run.attempt, pod="late", pod_name="late",
        flavour=run.flavour, units=1, started_at=run.started_at, ended_at=run.ended_at,
    )  # fmt: skip
    Job.objects.update(settled_at=timezone.now())
    services.sweep()
    assert not Run.objects.filter(billed_at=None).exists()


def test_the_longest_unseen_is_looked_at_first(job, engine, claims, consumer, monkeypatch):
    second = stage.ask(claims, consumer)
    for one in (second, job):
        services.converge(one.pk)
    seen = []
    monkeypatch.setattr(sweeping, "visit_together", lambda ids: seen.extend(ids) or Visited([]))
    not_seen_for_long()
    services.sweep()
    assert seen == [second.pk, job.pk]


def test_what_is_settled_is_not_looked_at(job, engine, monkeypatch):
    end(job, engine)
    Job.objects.update(settled_at=timezone.now())
    seen = []
    monkeypatch.setattr(sweeping, "visit_together", lambda ids: seen.extend(ids) or Visited([]))
    not_seen_for_long()
    services.sweep()
    assert seen == []
