"""Runs: metered as the engine saw them, billed once, in the month and at the price they had."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.utils import timezone

from compute.jobs import services
from compute.jobs.models import Run
from compute.jobs.services import metering
from tenants.chargeback import services as chargeback
from tenants.chargeback.models import Posting, Statement
from tenants.chargeback.papers import paper_of
from tenants.chargeback.settlement import period_of
from tests.compute.jobs import stage
from tests.compute.jobs.stage import attempt_name, fresh


def ran(job, engine, seconds: float = 100, exit_code: int = 0) -> list[Run]:
    """The runs of a job that ran so long."""
    services.converge(job.pk)
    engine.run(attempt_name(job))
    services.converge(job.pk)
    engine.pass_time(seconds)
    engine.finish(attempt_name(job), exit_code)
    services.converge(job.pk)
    return list(Run.objects.filter(job=job))


def test_metered_seconds_are_those_between_the_engines_own_times(job, engine):
    services.converge(job.pk)
    engine.run(attempt_name(job))
    engine.pass_time(3600.25)
    engine.finish(attempt_name(job))
    pod = engine.look(attempt_name(job)).pods[0]
    services.converge(job.pk)
    run = Run.objects.get()
    assert (run.started_at, run.ended_at) == (pod.started_at, pod.ended_at)
    assert run.seconds == Decimal(str((pod.ended_at - pod.started_at).total_seconds()))


def test_every_node_of_a_gang_is_metered(a100, claims, consumer, engine):
    runs = ran(stage.ask(claims, consumer, gpus=2, nodes=3), engine)
    assert len(runs) == 3 and {run.units for run in runs} == {2}
    assert {Posting.objects.filter(transaction=run.pk).count() for run in runs} == {2}


def test_a_part_of_a_gpu_is_billed_as_that_part(cluster, claims, consumer, engine):
    shared = stage.flavour(cluster, "a100-part", parts=4)
    stage.price(shared)
    stage.quota(claims, shared)
    (run,) = ran(stage.ask(claims, consumer, gpus="0.25"), engine)
    line = Posting.objects.get(transaction=run.pk, line=1)
    assert (line.meter, line.quantity) == ("gpu_seconds", round(run.seconds / 4, 6))
    assert line.nano == round(line.quantity * 1_000_000)


def test_cores_are_billed_where_there_are_no_gpus(cluster, claims, consumer, engine):
    cores = stage.flavour(cluster, "cores", product="")
    stage.price(cores, "0.036")
    stage.quota(claims, cores, 64)
    (run,) = ran(stage.ask(claims, consumer, gpus=0, cpu="2.5"), engine)
    line = Posting.objects.get(transaction=run.pk, line=1)
    assert (line.meter, line.quantity) == ("cpu_seconds", round(run.seconds * Decimal("2.5"), 6))


@pytest.mark.parametrize("exit_code", [0, 1])
def test_failed_and_successful_runs_are_paid(job, engine, exit_code):
    (run,) = ran(job, engine, exit_code=exit_code)
    assert run.nano == round(run.seconds * 1_000_000)


def test_a_cancelled_job_pays_for_what_it_used(job, engine, consumer):
    services.converge(job.pk)
    engine.run(attempt_name(job))
    engine.pass_time(50)
    services.cancel(job, by=consumer)
    services.converge(job.pk)
    run = Run.objects.get()
    assert run.end == "stopped" and run.nano == round(run.seconds * 1_000_000) > 49_000_000


def test_billing_twice_is_billing_once(job, engine):
    (run,) = ran(job, engine)
    assert metering.bill([job.pk]) == 0
    assert Posting.objects.filter(transaction=run.pk).count() == 2
    assert chargeback.verify_ledger() == []


def test_without_a_price_a_run_is_settled_and_costs_nothing(cluster, claims, consumer, engine):
    stage.quota(claims, stage.flavour(cluster, "h100"))
    job = stage.ask(claims, consumer)
    (run,) = ran(job, engine)
    assert run.billed_at and run.nano == 0 and not Posting.objects.exists()
    assert services.costs_so_far([fresh(job)]) == {job.pk: (None, "")}


def test_the_price_is_the_one_at_the_start(job, engine, a100, finance):
    services.converge(job.pk)
    engine.run(attempt_name(job))
    services.converge(job.pk)
    old = chargeback.price_in_force(a100.pk)
    facts = {"model_id": a100.pk, "model_slug": "a100", "meter": old.meter, "per": 3600}
    chargeback.set_price(
        tenant=old.tenant, amount=Decimal(99), currency="EUR", by=finance, **facts
    )
    engine.finish(attempt_name(job))
    services.converge(job.pk)
    assert Run.objects.get().price_id == old.pk


def test_the_cost_grows_while_it_runs_and_ends_as_billed(job, engine):
    services.converge(job.pk)
    engine.run(attempt_name(job))
    services.converge(job.pk)
    Run.objects.update(started_at=timezone.now() - timedelta(hours=2))
    nano, currency = services.costs_so_far([fresh(job)])[job.pk]
    assert currency == "EUR" and nano == pytest.approx(7_200_000_000, rel=0.01)
    engine.finish(attempt_name(job))
    services.converge(job.pk)
    assert services.costs_so_far([fresh(job)]) == {job.pk: (Run.objects.get().nano, "EUR")}


def test_costs_of_many_jobs_are_three_questions(job, engine, claims, consumer, a100,
                                               django_assert_max_num_queries):  # fmt: skip
    jobs = [job, *(stage.ask(claims, consumer) for _ in range(4))]
    for one in jobs:
        services.converge(one.pk)
        engine.run(attempt_name(one))
        services.converge(one.pk)
    jobs = [fresh(one) for one in jobs]
    with django_assert_max_num_queries(3):
        assert len(services.costs_so_far(jobs)) == 5


def test_of_jobs_that_never_began_no_costs_are_asked_for(job, django_assert_num_queries):
    waits = fresh(job)
    with django_assert_num_queries(0):
        assert services.costs_so_far([waits]) == {}


def test_a_month_is_not_closed_while_a_run_is_owed_nor_a_run_entered_twice(job, engine, finance):
    (run,) = ran(job, engine)
    month = (timezone.now().replace(day=1) - timedelta(days=20)).replace(day=15, hour=12)
    last = period_of(month)
    ids = Run.objects.filter(pk=run.pk)
    ids.update(billed_at=None, ended_at=month, started_at=month - timedelta(seconds=60))
    with pytest.raises(Exception, match="not billed"):
        chargeback.close_period(last, by=finance)
    with pytest.raises(Exception, match="duplicate key"):  # the ledger knows this run already
        metering.bill([job.pk])


def test_every_run_of_a_closed_month_is_on_its_certificate(job, engine, claims, finance):
    services.converge(job.pk)
    engine.run(attempt_name(job))
    services.converge(job.pk)
    month = (timezone.now().replace(day=1) - timedelta(days=20)).replace(day=15, hour=12)
    last = period_of(month)
    begun = month - timedelta(seconds=60)
    Run.objects.update(started_at=begun, ended_at=month)
    metering.bill([job.pk])
    chargeback.close_period(last, by=finance)
    paper = paper_of(claims, last, "EUR")
    certificate = Statement.objects.get(tenant=claims).certificate
    assert [certificate[name] for name in ("ran", "charged", "unbilled", "charged_twice")] == [
        1, 1, 0, 0,
    ]  # fmt: skip
    assert paper.runs == 1 and paper.view.total_nano == 60_000_000
    call_command("verify_ledger")


def test_a_doctored_run_is_found(job, engine):
    (run,) = ran(job, engine)
    Run.objects.filter(pk=run.pk).update(nano=run.nano + 1, seconds=1)
    found = chargeback.verify_ledger()
    assert len(found) == 2 and all(str(run.pk) in said for said in found)
