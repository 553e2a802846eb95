"""The jobs of the fault runs: what is submitted, and how each has to end."""

import random
import time
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from benchmarks.philly import Asked
from benchmarks.replay import IMAGE, compared
from compute.jobs import services as jobs
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Attempt, Job
from portal.core import tenancy
from portal.local.cluster.api import ApiError

PAUSE = 1.0
LABEL = "millwright.job/attempt"


@dataclass
class Submitted:
    """A job and the ways in which it may end."""

    pk: UUID
    may_be: set[str]


def submit(team, chance: random.Random) -> Submitted:
    """A short job of one GPU; every fifth fails by itself."""
    fails = chance.random() < 0.2
    one = Asked(0, team.tenant.slug, chance.choice((0, 1, 3)), 1, 1)
    variables = {"SIM_RUN_FOR": f"{one.seconds}s"} | ({"SIM_EXIT_CODE": "3"} if fails else {})
    with tenancy.acting_as(team.person):
        job = jobs.submit(
            team.tenant, by=team.person, name="fault", command=["train"], image=IMAGE, gpus=1,
            cpu=1, memory_gb=1, notify=False, time_limit_s=600, variables=variables,
        )  # fmt: skip
    return Submitted(job.pk, {JobStatus.FAILED if fails else JobStatus.SUCCEEDED})


def cancel(team, submitted: Submitted) -> None:
    """Ask it to stop; it may have ended before."""
    with tenancy.acting_as(team.person):
        job = Job.objects.get(pk=submitted.pk)
        if not job.ended:
            jobs.cancel(job, by=team.person, note="Not needed any more")
            submitted.may_be.add(JobStatus.CANCELLED)


def checked(made: list[Submitted], witness) -> list[str]:
    """What is not as it must be, in words."""
    with tenancy.as_system():
        rows = {job.pk: job for job in Job.objects.filter(pk__in=[one.pk for one in made])}
        open_ones = Attempt.objects.filter(job__in=rows, ended_at=None).count()
    wrong = [
        f"job {one.pk} is {rows[one.pk].status}, not {' or '.join(sorted(one.may_be))}: "
        f"{rows[one.pk].reason}"
        for one in made
        if rows[one.pk].status not in one.may_be
    ]
    wrong += [f"{open_ones} attempts were never ended"] if open_ones else []
    return wrong + compared([one.pk for one in made], witness)


def orphans(api, *, within: float) -> list[str]:
    """Jobs and pods of ours that the cluster still has; the sweep has `within` seconds."""
    give_up, left = time.monotonic() + within, ["everything"]
    while left and time.monotonic() < give_up:
        with suppress(OSError, ApiError):
            left = _ours(api)
        time.sleep(PAUSE)
    return [f"{name} is left in the cluster" for name in left]


def _ours(api) -> list[str]:
    paths = ("/apis/batch/v1/jobs", "/api/v1/pods")
    things = [one for path in paths for one in api.get(path, labelSelector=LABEL)["items"]]
    return [one["metadata"]["name"] for one in things]
