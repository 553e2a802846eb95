"""Pre-emption: what was lost since the last checkpoint, who got it, what is given back."""

from datetime import timedelta
from decimal import Decimal

import pytest

from compute.jobs import services
from compute.jobs.models import Job, LogLine, Receipt, Run
from compute.jobs.services import receipts
from tenants.chargeback import services as chargeback
from tenants.chargeback.models import Posting
from tests.compute.jobs import stage
from tests.compute.jobs.stage import attempt_name, fresh

BORROWED = "InCohortReclamation"


@pytest.fixture
def training(a100, claims, consumer, engine):
    """A job that can resume, and runs for 100 seconds by the time it is told."""
    job = stage.ask(claims, consumer, gpus=2, checkpoint="runs/digits")
    services.converge(job.pk)
    engine.run(attempt_name(job))
    services.converge(job.pk)
    engine.pass_time(100)
    return job


def settled(job) -> Receipt:
    """The newest receipt, once the logs of what ran are read."""
    services.converge(job.pk)
    Run.objects.update(log_read_at=receipts.timezone.now())
    services.converge(job.pk)
    return Receipt.objects.order_by("-at").first()


def started(job):
    return Run.objects.filter(job=job).latest("started_at").started_at


def test_what_ran_since_the_checkpoint_is_lost_and_given_back(training, engine):
    saved = started(training) + timedelta(seconds=70)
    Job.objects.update(checkpointed_at=saved)
    engine.evict(attempt_name(training), rule=BORROWED, words="It was borrowed.")
    receipt = settled(training)
    run = Run.objects.get()
    lost = 2 * Decimal(str((run.ended_at - saved).total_seconds()))
    assert (receipt.lost_since, receipt.lost_seconds) == (saved, lost)
    assert receipt.refunded_nano == receipt.lost_nano == round(lost * 1_000_000)
    lines = Posting.objects.filter(transaction=receipt.refund)
    assert sorted(line.nano for line in lines) == [-receipt.lost_nano, receipt.lost_nano]
    assert {line.corrects for line in lines} == {run.pk}
    assert chargeback.verify_ledger() == []


def test_without_a_checkpoint_all_of_it_is_lost(job, engine):
    services.converge(job.pk)
    engine.run(attempt_name(job))
    services.converge(job.pk)
    Job.objects.update(checkpointed_at=started(job) + timedelta(seconds=5))  # and no folder
    engine.pass_time(40)
    engine.evict(attempt_name(job), rule=BORROWED)
    receipt, run = settled(job), Run.objects.get()
    assert receipt.lost_seconds == run.seconds and receipt.refunded_nano == run.nano


def test_the_checkpoint_before_is_found_in_the_log_when_later_ones_followed(training, engine):
    begun = started(training)
    texts = ["epoch 1", "millwright: checkpoint", "epoch 2"]
    for n, text in enumerate(texts, 1):
        at = begun + timedelta(seconds=10 * n)
        LogLine.objects.create(job=training, n=n, tenant=training.tenant, at=at, text=text)
    engine.evict(attempt_name(training), rule=BORROWED)
    Job.objects.update(checkpointed_at=begun + timedelta(hours=1))
    assert settled(training).lost_since == begun + timedelta(seconds=20)


def test_a_receipt_waits_until_the_log_is_read(training, engine):
    engine.evict(attempt_name(training), rule=BORROWED)
    services.converge(training.pk)
    services.converge(training.pk)
    assert Receipt.objects.get().settled_at is None
    assert settled(training).settled_at


@pytest.mark.parametrize("share", ["0", "0.5"])
def test_the_policy_says_how_much_is_given_back(training, engine, settings, share):
    settings.PREEMPTION_REFUND = Decimal(share)
    engine.evict(attempt_name(training), rule=BORROWED)
    receipt = settled(training)
    assert receipt.lost_nano > 0
    assert receipt.refunded_nano == pytest.approx(receipt.lost_nano * Decimal(share), abs=1)
    assert bool(receipt.refund) == (share != "0")
    assert chargeback.verify_ledger() == []


@pytest.mark.parametrize("rule", ["InClusterQueue", "PodsReadyTimeout"])
def test_what_ones_own_tenant_took_is_not_given_back(training, engine, rule):
    engine.evict(attempt_name(training), rule=rule)
    receipt = settled(training)
    assert receipt.settled_at and receipt.lost_nano > 0 and receipt.refunded_nano == 0


@pytest.mark.parametrize("whose, back", [("claims", False), ("retail", True)])
def test_who_got_it_is_known_and_decides(
    training, engine, a100, retail, stranger, consumer, claims, whose, back
):
    stage.quota(retail, a100)
    other = {"claims": (claims, consumer), "retail": (retail, stranger)}[whose]
    winner = stage.ask(*other)
    services.converge(winner.pk)
    engine.evict(attempt_name(training), by=attempt_name(winner), rule="priority")
    receipt = settled(training)
    assert (receipt.by_tenant, receipt.by_job) == (whose, attempt_name(winner))
    assert bool(receipt.refunded_nano) == back


def test_each_of_several_preemptions_pays_for_its_own(training, engine):
    name = attempt_name(training)
    for seconds in (10, 20):
        engine.evict(name, rule=BORROWED)
        services.converge(training.pk)
        engine.run(name)
        services.converge(training.pk)
        engine.pass_time(seconds)
    engine.evict(name, rule=BORROWED)
    settled(training)
    lost = list(Receipt.objects.order_by("at").values_list("lost_seconds", flat=True))
    assert lost == [2 * run.seconds for run in Run.objects.order_by("started_at")]
    assert sum(Receipt.objects.values_list("refunded_nano", flat=True)) == sum(
        Run.objects.values_list("nano", flat=True)
    )
    assert services.costs_so_far([fresh(training)])[training.pk][0] == 0


def test_evicted_before_anything_ran_nothing_is_lost(job, engine):
    services.converge(job.pk)
    engine.admit(attempt_name(job))
    services.converge(job.pk)
    engine.evict(attempt_name(job), rule="PodsReadyTimeout", words="It was not running in time.")
    services.converge(job.pk)
    Receipt.objects.update(created_at=receipts.timezone.now() - timedelta(minutes=2))
    receipt = settled(job)
    assert receipt.settled_at and (receipt.lost_seconds, receipt.lost_nano) == (0, 0)
    assert receipt.words == "It was not running in time."


def test_a_gang_loses_on_every_node(a100, claims, consumer, engine):
    job = stage.ask(claims, consumer, gpus=2, nodes=2)
    services.converge(job.pk)
    engine.run(attempt_name(job))
    services.converge(job.pk)
    engine.pass_time(30)
    engine.evict(attempt_name(job), rule=BORROWED)
    receipt = settled(job)
    assert receipt.lost_seconds == sum(2 * run.seconds for run in Run.objects.all())
    assert Posting.objects.filter(transaction=receipt.pk).count() == 4
    assert chargeback.verify_ledger() == []


def test_a_job_is_not_settled_before_its_receipts(training, engine, consumer):
    engine.evict(attempt_name(training), rule=BORROWED)
    services.converge(training.pk)
    services.cancel(training, by=consumer)
    services.converge(training.pk)
    training.attempts.update(noted_at=receipts.timezone.now() - timedelta(minutes=2))
    services.converge(training.pk)
    assert fresh(training).ended and fresh(training).settled_at is None
    settled(training)
    services.converge(training.pk)
    assert fresh(training).settled_at
