"""Attempts of a job with their stretches of hardware, and receipts for what was taken away."""

import re
import uuid
from dataclasses import dataclass, field

from compute.jobs.models import Attempt, Job, Receipt, Run
from compute.jobs.spending import HOUR, hours_in_words, used
from compute.jobs.wording import needs_in_words, span_in_words

ENGINE_NAME = re.compile(r"j-([0-9a-f]{32})-\d+")
RULES = {
    "priority": "A job of your team with a higher priority needed it",
    "InClusterQueue": "A job of your team with a higher priority needed it",
    "InCohortReclamation": "The team that lent it took it back",
    "InCohortReclaimWhileBorrowing": "The team that lent it took it back",
    "InCohortFairSharing": "A team with less than its fair share came first",
}
ELSE = "By the rules of sharing"


@dataclass
class Try:
    """One attempt with its runs, in their order."""

    attempt: Attempt
    runs: list[Run] = field(default_factory=list)


def runs_of(job: Job) -> list[Run]:
    """The stretches of hardware of a job, each with what its row says."""
    runs = list(job.runs.select_related("flavour").order_by("id"))
    seconds = {each.run.pk: each.seconds for each in used(runs)}
    for run in runs:
        held = seconds.get(run.pk)
        run.span = span_in_words(float(held)) if held is not None else "–"
        run.hours = hours_in_words(run.units * held / HOUR) if held is not None else "–"
        gpus = run.units if run.flavour.has_gpus else 0
        run.held = needs_in_words(One(gpus, run.units, job.memory_gb), run.flavour)
    return runs


@dataclass(frozen=True)
class One:
    """What one stretch holds, as `needs_in_words` reads it."""

    gpus: object
    cpu: object
    memory_gb: object
    nodes: int = 1
    gpu_memory_gb: int = 0


def tries_of(job: Job, runs: list[Run]) -> list[Try]:
    """Attempts with their runs, the newest first."""
    found = {each.pk: Try(each) for each in job.attempts.order_by("-number")}
    for run in runs:
        if run.attempt_id in found:
            found[run.attempt_id].runs.append(run)
    return list(found.values())


def receipts_of(job: Job, user) -> list[Receipt]:
    """What pre-emption cost, the newest first; who came first only where `user` may know."""
    found = list(Receipt.objects.visible_to(user).filter(job=job).order_by("-at"))
    wanted = {each.pk: _job_named(each.by_job) for each in found}
    seen = Job.objects.visible_to(user).in_bulk([pk for pk in wanted.values() if pk])
    for each in found:
        each.by = seen.get(wanted[each.pk])
        each.rule_words = RULES.get(each.rule, ELSE)
        each.lost = span_in_words(float(each.lost_seconds)) if each.lost_seconds else "nothing"
    return found


def _job_named(text: str) -> uuid.UUID | None:
    """The job behind an engine's name of an attempt."""
    found = ENGINE_NAME.fullmatch(text)
    return uuid.UUID(found[1]) if found else None
