"""Brings several jobs on in one visit: one reading, one question for each kind of thing, one
transaction to write. What needs more than an order, a look or an end is converged by itself."""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from compute.capacity import services as capacity
from compute.engines.jobs import EngineUnavailable, JobEngine, JobPhase, JobSighting
from compute.jobs.lifecycle import ENDED
from compute.jobs.models import Attempt, Job
from compute.jobs.services import attempts, noting, settling
from compute.jobs.services.attempts import Place
from compute.jobs.services.converging import let_go, visit
from compute.jobs.services.saying import say
from portal.core import tenancy

log = logging.getLogger(__name__)
MOST = 50
# What was read before is too old afterwards. With the time that an answer takes it is still less
# than what ended is kept for at the engine (`settling.FORGET_AFTER`).
ORDERED_WITHIN_S = 20.0
ORDERED_SOON = timedelta(seconds=30)

Found = list[tuple[Place, JobSighting]]


@dataclass
class Visited:
    """Jobs that are still to be converged, each by itself; those of which something is owed, to
    be settled together; and clusters that did not answer."""

    alone: list[UUID]
    over: list[UUID] = field(default_factory=list)
    silent: dict[UUID, EngineUnavailable] = field(default_factory=dict)


def converge_all(job_ids: Iterable[UUID]) -> None:
    """As `visit` of each; safe at any time, by several at once.

    Raises `EngineUnavailable` after all were tried, if a cluster did not answer for some.
    """
    wanted, away = list(dict.fromkeys(job_ids)), []
    for at in range(0, len(wanted), MOST):
        visited = visit_together(wanted[at : at + MOST])
        settled = settle_together(visited.over)
        away += [*visited.silent.values(), *settled.silent.values()]
        for job_id in visited.alone + settled.alone:
            try:
                visit(job_id)
            except EngineUnavailable as problem:
                away.append(problem)
            except Exception:  # what is broken with one stops no other; the sweep meets it again
                log.exception("job %s could not be converged", job_id)
    if away:
        raise away[0]


def visit_together(job_ids: list[UUID], *, heard: bool = False) -> Visited:
    """See to as many of these as can be seen to together. Those of a cluster that does not
    answer are not asked for again one by one.

    `heard`: their clusters spoke of them, so that one whose order is not confirmed yet is just
    being ordered by another hand, and is looked at. If nothing is there so soon after it was
    written, its order is on its way, or else the sweep's.
    """
    if len(job_ids) < 2:
        return Visited(job_ids)
    with tenancy.as_system():
        owing = settling.owing(job_ids)
        ended = Job.objects.filter(pk__in=job_ids, status__in=ENDED)
        done, silent = set(ended.values_list("pk", flat=True)), {}
    for cluster, mine in _places(job_ids).items():
        try:
            seen, ended = _visited(capacity.engine_of(cluster), mine, heard)
            done |= seen
            owing |= ended
        except EngineUnavailable as problem:
            log.warning("A cluster does not answer: %s", problem)
            silent[cluster.pk] = problem
            done |= _silent(mine)
        except Exception:  # whatever is wrong with one is met again there, by that one alone
            log.exception("%s jobs are converged one by one", len(mine))
    alone = [one for one in job_ids if one not in done]
    return Visited(alone, [one for one in job_ids if one in done & owing], silent)


def settle_together(job_ids: list[UUID]) -> Visited:
    """Settle what is owed of these; those to which that cannot be done are to be visited alone.

    Apart from the visit, because it says several words of each to the engine, while others that
    have just begun wait to be seen.
    """
    if not job_ids:
        return Visited([])
    try:
        settled = settling.settle(job_ids)
    except Exception:
        log.exception("%s jobs are settled one by one", len(job_ids))
        return Visited(job_ids)
    _warn(settled.kept)
    return Visited([], silent=settled.silent)


def _warn(kept: dict[str, Exception]) -> None:
    """The next sweep says it again."""
    for name, no in kept.items():
        log.warning("%s stays in its cluster for now: %s", name, no)


def _silent(places: list[Place]) -> set[UUID]:
    with tenancy.as_system():
        for place in sorted(places, key=lambda place: place.job.pk):
            noting.silent(place)
    return {place.job.pk for place in places}


def _places(job_ids: list[UUID]) -> dict:
    """By cluster: jobs that are to go on as they are, or to end, as they stand now; in the order
    in which they were asked for."""
    rows = Attempt.objects.filter(job__in=job_ids, ended_at=None)
    rows = rows.exclude(job__status__in=ENDED).select_related("job", "cluster").order_by("job_id")
    found = defaultdict(list)
    with tenancy.as_system():
        for attempt in rows:
            if attempt.order.get("priority") == attempt.job.priority or _goes(attempt.job):
                found[attempt.cluster].append(Place(attempt.job, attempt))
    return found


def _goes(job: Job) -> bool:
    return job.cancel_asked_at is not None


def _visited(engine: JobEngine, places: list[Place], heard: bool) -> tuple[set[UUID], set[UUID]]:
    """Order, look at or end these, and write it down; the ids of those with no more to do, and of
    those that ended and are to be billed."""
    looked_at = timezone.now()
    known = [p for p in places if heard or p.attempt.ordered_at or _goes(p.job)]
    found, missing = _looked_at(engine, known)
    found = _stopped(engine, found)
    fresh = [place for place in places if place not in known]
    coming = [place for place in missing if heard and _is_young(place.attempt, looked_at)]
    made = _ordered(engine, fresh + [place for place in missing if place not in coming])
    with tenancy.as_system():
        more = noting.note(found, looked_at=looked_at)
    with tenancy.as_system():
        more |= noting.note(made, looked_at=looked_at, replies=True)
    owe = [
        (place.attempt, seen)
        for place, seen in found + made
        if place.job.pk not in more and any(pod.ended_at for pod in seen.pods)
    ]
    if evicted := [(attempt, seen) for attempt, seen in owe if not seen.ended]:
        settling.pay(attempt.job_id for attempt, _ in evicted)
        _warn(settling.release(engine, evicted))
    done = [*(place for place, _ in found + made), *coming]
    ended = {attempt.job_id for attempt, seen in owe if seen.ended}
    return {place.job.pk for place in done} - more, ended


def _is_young(attempt: Attempt, now: datetime) -> bool:
    return attempt.created_at > now - ORDERED_SOON


def _looked_at(engine: JobEngine, places: list[Place]) -> tuple[Found, list[Place]]:
    """What is seen of these; and those that nobody has ordered yet. What is in the way of an
    order is left out."""
    if not places:
        return [], []
    by_name = {place.attempt.engine_name: place for place in places}
    pairs = [(by_name[seen.name], seen) for seen in engine.look_all(by_name)]
    missing = [p for p, seen in pairs if not (p.attempt.ordered_at or seen.uid or _goes(p.job))]
    found = [(p, seen) for p, seen in pairs if p not in missing]
    return [(p, seen) for p, seen in found if seen.uid in ("", str(p.attempt.pk))], missing


def _stopped(engine: JobEngine, found: Found) -> Found:
    """End those that are to end, and what is seen then. What is not answered is left out."""
    asked = [
        seen.name
        for place, seen in found
        if _goes(place.job) and not seen.ended and seen.phase is not JobPhase.ABSENT
    ]
    if not asked:
        return found
    said = dict(say(engine.stop, asked))
    over = [name for name in asked if not isinstance(said[name], Exception)]
    now = let_go(engine, over) if over else {}
    return [
        (place, now.get(seen.name, seen))
        for place, seen in found
        if not isinstance(said.get(seen.name), Exception)
    ]


def _ordered(engine: JobEngine, places: list[Place]) -> Found:
    """Give the orders that nobody else has ended meanwhile. What is refused or not answered is
    left out: who visits that alone hears why. Raises `EngineUnavailable` if none is answered."""
    if not places:
        return []
    with tenancy.as_system():
        still = noting.still_open([place.attempt for place in places])
    until = time.monotonic() + ORDERED_WITHIN_S
    todo = [place for place in places if place.attempt.pk in still]
    said = say(lambda place: _order(engine, place.attempt, until), todo)
    if said and all(isinstance(answer, EngineUnavailable) for _, answer in said):
        raise said[0][1]
    return [(place, seen) for place, seen in said if isinstance(seen, JobSighting)]


def _order(engine: JobEngine, attempt: Attempt, until: float) -> JobSighting:
    if time.monotonic() > until:
        raise EngineUnavailable("Its order waited for too long: whether it is wanted is old.")
    return engine.start(attempts.order_of(attempt))
