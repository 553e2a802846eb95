"""Brings several jobs on in one visit: one reading, one question for each kind of thing, one
transaction to write. What needs more than an order or a look is converged by itself."""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import UUID

from django.utils import timezone

from compute.capacity import services as capacity
from compute.engines.jobs import EngineRefused, EngineUnavailable, JobEngine, JobSighting
from compute.jobs.lifecycle import ENDED
from compute.jobs.models import Attempt
from compute.jobs.services import attempts, metering, noting, settling
from compute.jobs.services.attempts import Place
from compute.jobs.services.converging import visit
from portal.core import tenancy

log = logging.getLogger(__name__)
MOST = 50
ORDERS = 8  # that are on their way at once
# What was read before is too old afterwards. With the time that an answer takes it is still less
# than what ended is kept for at the engine (`settling.FORGET_AFTER`).
ORDERED_WITHIN_S = 20.0

Found = list[tuple[Place, JobSighting]]


@dataclass
class Visited:
    """Jobs that are still to be converged, each by itself, and clusters that did not answer."""

    alone: list[UUID]
    silent: dict[UUID, EngineUnavailable] = field(default_factory=dict)


def converge_all(job_ids: Iterable[UUID]) -> None:
    """As `visit` of each; safe at any time, by several at once.

    Raises `EngineUnavailable` after all were tried, if a cluster did not answer for some.
    """
    wanted, away = list(dict.fromkeys(job_ids)), []
    for at in range(0, len(wanted), MOST):
        visited = visit_together(wanted[at : at + MOST])
        away += visited.silent.values()
        for job_id in visited.alone:
            try:
                visit(job_id)
            except EngineUnavailable as problem:
                away.append(problem)
    if away:
        raise away[0]


def visit_together(job_ids: list[UUID], *, heard: bool = False) -> Visited:
    """See to as many of up to `MOST` as can be seen to together. Those of a cluster that does not
    answer are not asked for again one by one.

    `heard`: their clusters spoke of them, so that one whose order is not confirmed yet is just
    being ordered by another hand, and is looked at.
    """
    if len(job_ids) < 2:
        return Visited(job_ids)
    done: set[UUID] = set()
    silent = {}
    for cluster, mine in _places(job_ids).items():
        try:
            done |= _visited(capacity.engine_of(cluster), mine, heard)
        except EngineUnavailable as problem:
            log.warning("A cluster does not answer: %s", problem)
            silent[cluster.pk] = problem
            done |= _silent(mine)
        except Exception:  # whatever is wrong with one is met again there, by that one alone
            log.exception("%s jobs are converged one by one", len(mine))
    with tenancy.as_system():
        owing = settling.owing(done)
    return Visited([one for one in job_ids if one not in done or one in owing], silent)


def _silent(places: list[Place]) -> set[UUID]:
    with tenancy.as_system():
        for place in sorted(places, key=lambda place: place.job.pk):
            noting.silent(place)
    return {place.job.pk for place in places}


def _places(job_ids: list[UUID]) -> dict:
    """By cluster: jobs of which nothing is wished but to go on as they are, as they stand now."""
    rows = Attempt.objects.filter(job__in=job_ids, ended_at=None, job__cancel_asked_at=None)
    rows = rows.exclude(job__status__in=ENDED).select_related("job", "cluster")
    found = defaultdict(list)
    with tenancy.as_system():
        for attempt in rows:
            if attempt.order.get("priority") == attempt.job.priority:
                found[attempt.cluster].append(Place(attempt.job, attempt))
    return found


def _visited(engine: JobEngine, places: list[Place], heard: bool) -> set[UUID]:
    """Order and look at these, and write it down; the ids of those with no more to do."""
    looked_at = timezone.now()
    known = [place for place in places if heard or place.attempt.ordered_at]
    found, missing = _looked_at(engine, known)
    fresh = [place for place in places if not (heard or place.attempt.ordered_at)]
    made = _ordered(engine, fresh + missing)
    with tenancy.as_system():
        more = noting.note(found, looked_at=looked_at)
    with tenancy.as_system():
        more |= noting.note(made, looked_at=looked_at, replies=True)
    for place, seen in found + made:
        if place.job.pk not in more and any(pod.ended_at for pod in seen.pods):
            metering.bill(place.job.pk)
            settling.release(place.attempt, seen)
    return {place.job.pk for place, _ in found + made} - more


def _looked_at(engine: JobEngine, places: list[Place]) -> tuple[Found, list[Place]]:
    """What is seen of these; and those that nobody has ordered yet. What is in the way of an
    order is left out."""
    if not places:
        return [], []
    by_name = {place.attempt.engine_name: place for place in places}
    pairs = [(by_name[seen.name], seen) for seen in engine.look_all(by_name)]
    missing = [p for p, seen in pairs if not (p.attempt.ordered_at or seen.uid)]
    found = [(p, seen) for p, seen in pairs if p not in missing]
    return [(p, seen) for p, seen in found if seen.uid in ("", str(p.attempt.pk))], missing


def _ordered(engine: JobEngine, places: list[Place]) -> Found:
    """Give the orders that nobody else has ended meanwhile. What is refused or not answered is
    left out: who visits that alone hears why. Raises `EngineUnavailable` if none is answered."""
    if not places:
        return []
    with tenancy.as_system():
        still = noting.still_open([place.attempt for place in places])
    until = time.monotonic() + ORDERED_WITHIN_S
    todo = [place for place in places if place.attempt.pk in still]
    with ThreadPoolExecutor(min(ORDERS, len(todo) or 1)) as threads:
        answers = list(threads.map(lambda place: _order(engine, place.attempt, until), todo))
    if answers and all(isinstance(answer, EngineUnavailable) for answer in answers):
        raise answers[0]
    pairs = zip(todo, answers, strict=True)
    return [(place, seen) for place, seen in pairs if isinstance(seen, JobSighting)]


def _order(engine: JobEngine, attempt: Attempt, until: float) -> JobSighting | Exception:
    if time.monotonic() > until:
        return EngineUnavailable("Its order waited for too long: whether it is wanted is old.")
    try:
        return engine.start(attempts.order_of(attempt))
    except (EngineRefused, EngineUnavailable) as no:
        return no
