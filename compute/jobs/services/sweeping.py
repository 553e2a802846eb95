"""What must hold even when messages were lost and processes died."""

import logging
import time

from django.db.models import F

from compute.engines.jobs import EngineUnavailable
from compute.jobs.models import Job
from compute.jobs.services.converging import converge
from portal.core import tenancy
from portal.core.background import alone

log = logging.getLogger(__name__)
LOCK = 7_300_001
MOST = 10_000
LASTS = 8.0  # seconds; the next sweep goes on with what was seen longest ago


def sweep() -> None:
    """Look at what is not settled, seen longest ago first. One at a time; safe to repeat."""
    with alone(LOCK) as mine:
        if mine:
            _converge_all()


def _converge_all() -> None:
    until = time.monotonic() + LASTS
    with tenancy.as_system():
        oldest = Job.objects.unsettled().order_by(F("seen_at").asc(nulls_first=True))
        due = list(oldest.values_list("pk", "cluster_id")[:MOST])
    silent = set()
    for job_id, cluster_id in due:
        if cluster_id in silent:
            continue
        if time.monotonic() > until:
            return
        try:
            converge(job_id)
        except EngineUnavailable as gone:
            silent.add(cluster_id)
            log.warning("A cluster does not answer: %s", gone)
        except Exception:
            log.exception("job %s could not be looked at", job_id)
