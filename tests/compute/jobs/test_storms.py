"""Whatever goes wrong, and whenever: no job is doubled, lost, stuck or billed twice."""

import os
from collections import Counter

import pytest

from compute.jobs.models import Attempt, Run
from tenants.chargeback import services as chargeback
from tenants.chargeback.models import Posting
from tests.compute.jobs import stage
from tests.compute.jobs.stage import fresh
from tests.compute.jobs.storm import Storm

STORMS = int(os.environ.get("STORMS", "12"))


@pytest.mark.parametrize("seed", range(STORMS))
def test_no_storm_doubles_loses_or_sticks_a_job(seed, a100, claims, consumer, engine):
    job = stage.ask(claims, consumer, retries=2, nodes=2, checkpoint="runs/digits")
    storm = Storm(seed, job, engine, consumer)
    storm.blow(60)
    storm.calm()
    ordered = Counter(order.name for order in engine.orders)
    wanted = {attempt.engine_name for attempt in Attempt.objects.filter(job=job)}
    done = fresh(job)
    assert done.ended and done.settled_at, (done.status, done.reason)
    assert set(ordered.values()) <= {1} and set(ordered) <= wanted
    assert engine.present() == {}
    assert_metered(storm)
    assert_billed(job)


def assert_metered(storm: Storm) -> None:
    """What was written down is what ran; of what vanished at most that."""
    runs = {run.pod: run for run in Run.objects.filter(job=storm.job)}
    seen = {uid for uid in storm.pods if uid not in storm.vanished}
    assert seen <= set(runs) <= set(storm.pods)
    for uid in seen:
        assert (runs[uid].started_at, runs[uid].ended_at) == storm.pods[uid]


def assert_billed(job) -> None:
    runs = Run.objects.filter(job=job)
    assert all(run.billed_at for run in runs)
    for run in runs:
        lines = Posting.objects.filter(transaction=run.pk)
        assert len(lines) == (2 if run.nano else 0)
        assert sum(line.nano for line in lines) == 0
    assert chargeback.verify_ledger() == []
