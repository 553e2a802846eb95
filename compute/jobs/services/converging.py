"""Brings one job from what is seen to what is wished: submit, cancel, pre-emption, end, recovery.

Several may do it at once and die between any two steps. What holds it together:
* the row of an attempt is there before it is ordered, and its name and uid derive from our ids;
* what was seen is written under the lock of the job's row, and never over a later truth;
* nothing is forgotten at the engine until a minute after its end was written down, so that a
  slow hand finds its order known and changes nothing (`settling`).
The engine is asked outside of any transaction.
"""

import logging
import time

from django.db import IntegrityError
from django.utils import timezone

from compute.capacity import services as capacity
from compute.engines.jobs import (
    EndCause,
    EngineRefused,
    EngineUnavailable,
    JobEngine,
    JobPhase,
    JobSighting,
)
from compute.jobs.models import Attempt, Job
from compute.jobs.services import attempts, noting, settling
from compute.jobs.services.attempts import Place
from portal.core import tenancy
from portal.core.lifecycle import Overtaken

log = logging.getLogger(__name__)
LET_GO_WITHIN_S, LOOK_EVERY_S = 4.0, 0.5
ROUNDS = 4  # an attempt that failed at once and the next one are one visit


def converge(job_id) -> Job | None:
    """`visit`, and the job as it is then; None if there is no such job."""
    visit(job_id)
    with tenancy.as_system():
        return Job.objects.to_show().filter(pk=job_id).first()


def visit(job_id) -> None:
    """Look, act, write down; then settle what ended. Safe at any time, by several at once.

    Raises `EngineUnavailable` when its cluster does not answer: ask again, nothing is lost.
    """
    for _ in range(ROUNDS):
        try:
            with tenancy.as_system():
                place = noting.place_of(job_id)
            if place is None:
                return
            if place.attempt is None or not _look_and_note(place):
                break
        except (Overtaken, IntegrityError) as other:
            log.info("job %s was moved by another hand: %s", job_id, other)
    with tenancy.as_system():
        owes = settling.owing([job_id])
    for problem in settling.settle(owes).problems if owes else ():
        raise problem


def _look_and_note(place: Place) -> bool:
    """Look at the open attempt, act, write down; whether there is more to do at once."""
    looked_at = timezone.now()
    try:
        seen = _ask(place)
    except EngineUnavailable:
        with tenancy.as_system():
            noting.silent(place)
        raise
    with tenancy.as_system():
        more = bool(noting.note([(place, seen)], looked_at=looked_at))
    if not more and any(pod.ended_at for pod in seen.pods):
        settling.pay([place.job.pk])
        engine = capacity.engine_of(place.attempt.cluster)
        for refused in settling.release(engine, [(place.attempt, seen)]).values():
            raise EngineUnavailable(str(refused)) from refused
    return more


def _ask(place: Place) -> JobSighting:
    """What the engine sees once it was told what is wished."""
    job, attempt = place.job, place.attempt
    engine = capacity.engine_of(attempt.cluster)
    if attempt.ordered_at is None and not job.cancel_asked_at:
        # What another hand may have ordered is compared by the engine itself.
        return _order(engine, attempt)
    try:
        seen = engine.look(attempt.engine_name)
        if seen.uid and seen.uid != str(attempt.pk):
            return _refused(attempt, "Its name is taken in the cluster by another order.")
        if seen.ended:
            return seen
        if job.cancel_asked_at:
            return _stop(engine, seen)
    except EngineRefused as refused:  # only an order can be refused for good
        raise EngineUnavailable(str(refused)) from refused
    if seen.phase is JobPhase.ABSENT:
        return seen
    _prioritise(engine, job, attempt)
    return seen


def _stop(engine: JobEngine, seen: JobSighting) -> JobSighting:
    if seen.phase is JobPhase.ABSENT:
        return seen
    engine.stop(seen.name)
    return let_go(engine, [seen.name])[seen.name]


def let_go(engine: JobEngine, stopped: list[str]) -> dict[str, JobSighting]:
    """What is seen of these by name, when their queue has let go of those that hold nothing: it
    needs a moment for that, and says nothing afterwards."""
    give_up = time.monotonic() + LET_GO_WITHIN_S
    while True:
        seen = {one.name: one for one in engine.look_all(stopped)}
        if not any(one.phase is JobPhase.WAITING for one in seen.values()):
            return seen
        if time.monotonic() > give_up:
            return seen
        time.sleep(LOOK_EVERY_S)


def _order(engine: JobEngine, attempt: Attempt) -> JobSighting:
    """Give the order, unless another hand has ended the attempt since it was read."""
    try:
        with tenancy.as_system():
            still = noting.still_open([attempt])
        if not still:
            return engine.look(attempt.engine_name)
        return engine.start(attempts.order_of(attempt))
    except EngineRefused as refused:
        return _refused(attempt, str(refused))


def _refused(attempt: Attempt, words: str) -> JobSighting:
    return JobSighting(
        attempt.engine_name, JobPhase.FAILED, words=words, end=EndCause.REFUSED,
        ended_at=timezone.now(),
    )  # fmt: skip


def _prioritise(engine: JobEngine, job: Job, attempt: Attempt) -> None:
    if attempt.order["priority"] == job.priority:
        return
    try:
        engine.prioritise(attempt.engine_name, str(job.priority))
    except EngineRefused as refused:
        log.warning("%s keeps its priority: %s", attempt.engine_name, refused)
        return
    attempt.order["priority"] = str(job.priority)
