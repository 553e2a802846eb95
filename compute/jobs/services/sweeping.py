"""What must hold even when messages were lost and processes died."""

import logging
import time
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.core.cache import cache
from django.db.models import F, Q
from django.utils import timezone

from compute.capacity import services as capacity
from compute.capacity.models import Cluster
from compute.engines.jobs import EngineRefused, EngineUnavailable, JobEngine
from compute.jobs.lifecycle import ENDED, JobStatus
from compute.jobs.models import Attempt, Job, Run
from compute.jobs.models.running import NAME
from compute.jobs.services import metering, settling
from compute.jobs.services.converging import visit
from compute.jobs.services.together import settle_together, visit_together
from portal.core import tenancy
from portal.core.background import alone

log = logging.getLogger(__name__)
LOCK = 7_300_001
MOST = 10_000
SEEN_LATELY = timedelta(seconds=15)  # the keeper looks at what moves
WAITING_LOOKS = 50  # a second; a long line is looked at less often
AT_ONCE = 100  # a cluster reads through all it has to find some
LASTS = 8.0  # seconds; the next sweep goes on with what was seen longest ago
LISTED_EVERY = 20  # seconds: a list of all there is costs a cluster more than single looks
STRANGE_FOR = timedelta(seconds=30)
REMEMBERED = 3600
KNOWN = ("job", "number", "cluster", "forgotten_at")


def sweep() -> None:
    """Look at what is not settled, seen longest ago first; end what nobody wants. One at a time,
    safe to repeat."""
    with alone(LOCK) as mine:
        if not mine:
            return
        silent = _converge_all()
        _bill_late()
        with tenancy.as_system():
            clusters = list(Cluster.objects.exclude(pk__in=silent))
        for cluster in clusters:
            if cache.add(f"jobs.listed.{cluster.slug}", 1, LISTED_EVERY):
                _guarded(end_orphans, cluster)


def _converge_all() -> set:
    """Converge what is due; the clusters that did not answer."""
    until = time.monotonic() + LASTS
    with tenancy.as_system():
        oldest = _due().order_by(F("seen_at").asc(nulls_first=True))
        due = list(oldest.values_list("pk", "cluster_id")[:MOST])
    silent = set()
    while due and time.monotonic() < until:
        some, due = due[:AT_ONCE], due[AT_ONCE:]
        for cluster_id in {cluster_id for _, cluster_id in some} - silent:
            mine = [job_id for job_id, its in some if its == cluster_id]
            visited = visit_together(mine)
            settled = settle_together(visited.over)
            silent |= visited.silent.keys() | settled.silent.keys()
            for job_id in visited.alone + settled.alone:
                if cluster_id not in silent and not _guarded(visit, job_id):
                    silent.add(cluster_id)
    return silent - {None}


def _due():
    """Jobs that are not settled and were not seen lately. Those that only wait are heard of when
    they move; what passes unheard is their place, and that matters less the longer the line is."""
    now, waiting = timezone.now(), Q(status=JobStatus.QUEUED, cancel_asked_at=None)
    line = timedelta(seconds=Job.objects.filter(waiting).count() / WAITING_LOOKS)
    kept = Q(status__in=ENDED, seen_at__gt=now - settling.FORGET_AFTER)  # there, for a while
    told = Q(seen_at__gt=now - SEEN_LATELY) | waiting & Q(seen_at__gt=now - line)
    return Job.objects.unsettled().exclude(kept | told)


def _guarded(act, subject) -> bool:
    """Do it; False if a cluster is silent. What is broken with one job stops no other."""
    try:
        act(subject)
    except EngineUnavailable as gone:
        log.warning("A cluster does not answer: %s", gone)
        return False
    except Exception:
        log.exception("%s could not be seen to", subject)
    return True


def _bill_late() -> None:
    """Runs that came to light after their job was settled."""
    with tenancy.as_system():
        owed = Run.objects.filter(billed_at=None, ended_at__isnull=False)
        late = owed.exclude(job__settled_at=None).values_list("job", flat=True).distinct()
        ids = list(late.order_by()[:MOST])
    for job_id in ids:
        _guarded(metering.bill, [job_id])


def end_orphans(cluster: Cluster) -> int:
    """End what the cluster has of ours and no row wants; says how many there were.

    An order that arrives after its attempt was closed and forgotten is settled like any other:
    what it used is billed. What no row knows is stopped and dropped once it was seen for half a
    minute. Raises `EngineUnavailable`.
    """
    engine = capacity.engine_of(cluster)
    there = {name: uid for name, uid in engine.present().items() if NAME.fullmatch(name)}
    known = _known(there)
    found = 0
    for name, uid in there.items():
        attempt = known.get(name)
        mine = attempt and uid == str(attempt.pk) and attempt.cluster_id == cluster.pk
        if mine and attempt.forgotten_at is None:
            continue
        found += 1
        if mine:
            _reopen(attempt)
            visit(attempt.job_id)
        elif _strange_for_long(cluster, name, uid):
            _drop(engine, name)
    return found


def _known(wanted: Iterable[str]) -> dict[str, Attempt]:
    ids = {UUID(NAME.fullmatch(name)[1]) for name in wanted}
    with tenancy.as_system():
        rows = Attempt.objects.filter(job__in=ids).only(*KNOWN)
        return {attempt.engine_name: attempt for attempt in rows}


def _reopen(attempt: Attempt) -> None:
    with tenancy.as_system():
        noted = {"forgotten_at": None, "noted_at": timezone.now()}
        Attempt.objects.filter(pk=attempt.pk).update(**noted)
        Job.objects.filter(pk=attempt.job_id).update(settled_at=None)


def _strange_for_long(cluster: Cluster, name: str, uid: str) -> bool:
    key, now = f"jobs.strange.{cluster.slug}.{name}.{uid}", timezone.now()
    cache.add(key, now, REMEMBERED)
    return (cache.get(key) or now) <= now - STRANGE_FOR


def _drop(engine: JobEngine, name: str) -> None:
    try:
        seen = engine.look(name)
        if not seen.ended:
            engine.stop(name)
            seen = engine.look(name)
        if seen.ended and all(pod.ended_at for pod in seen.pods):
            engine.release(name, [pod.uid for pod in seen.pods])
            engine.forget(name)
            log.warning("%s was in the cluster and nobody wanted it", name)
    except EngineRefused as refused:
        log.warning("%s could not be dropped: %s", name, refused)
