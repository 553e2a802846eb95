"""Submitting a list of jobs at their times, and holding the portal's rows against a witness."""

import time
from collections import defaultdict

from compute.jobs import services as jobs
from compute.jobs.models import Job, Run
from portal.core import tenancy
from tenants.chargeback.services import verify_ledger

IMAGE = "registry.invalid/train@sha256:" + "0" * 64


def submit_all(asked, teams) -> list:
    """Ids of the jobs, each submitted when its time has come, through the portal's own verb."""
    began, made = time.monotonic(), []
    for one in asked:
        time.sleep(max(0.0, began + one.at - time.monotonic()))
        made.append(submit(teams[one.team], one).pk)
    return made


def submit(team, one) -> Job:
    with tenancy.acting_as(team.person):
        return jobs.submit(team.tenant, by=team.person, **_asks(one))


def submit_series(team, one, each: list[dict[str, str]]) -> list[Job]:
    with tenancy.acting_as(team.person):
        return jobs.submit_series(team.tenant, by=team.person, each=each, **_asks(one))


def _asks(one) -> dict:
    return {
        "name": "train", "command": ["train"], "image": IMAGE, "gpus": one.gpus,
        "nodes": one.nodes, "cpu": 1, "memory_gb": 1, "notify": False,
        "time_limit_s": int(one.seconds) * 3 + 600,
        "variables": {"SIM_RUN_FOR": f"{one.seconds:.0f}s"},
    }  # fmt: skip


def waits(made: list) -> dict[str, list[float]]:
    """Seconds from asking to the first start, by tenant."""
    by_team = defaultdict(list)
    with tenancy.as_system():
        for job in Job.objects.filter(pk__in=made).select_related("tenant"):
            by_team[job.tenant.slug].append(job.waited_s)
    return by_team


def compared(made: list, witness) -> list[str]:
    """Every run against the timestamps of its pod, every Job made once, and the books."""
    wrong = [f"{name} was made {len(uids)} times" for name, uids in witness.doubled().items()]
    with tenancy.as_system():
        runs = list(Run.objects.filter(job__in=made))
        ends = Job.objects.filter(pk__in=made).exclude(status="succeeded").count()
    told = {run.pod: run for run in runs}
    ran = {pod: seen for pod, seen in witness.seen.items() if seen.began}
    wrong += [f"pod {pod} ran and was not metered" for pod in ran.keys() - told.keys()]
    exact = twice = 0
    for pod, seen in ran.items():
        run = told.get(pod)
        if run is None or run.seconds is None or seen.ended is None:
            continue
        twice += len(seen.told) > 1
        if float(run.seconds) in seen.told:
            exact += 1
        else:
            spans = " or ".join(f"{seconds:.0f} s" for seconds in sorted(seen.told))
            wrong.append(f"pod {pod}: {run.seconds} metered, {spans} by its timestamps")
    wrong += [f"run {run.pk} was never billed" for run in runs if run.billed_at is None]
    print(
        f"{len(made)} jobs, {ends} not succeeded, {len(ran)} pods, {exact} metered to the second, "
        f"{twice} of which the plane told two ends"
    )
    return wrong[:20] + verify_ledger()
