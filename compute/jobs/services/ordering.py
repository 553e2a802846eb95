"""Orders what was just submitted: whoever comes first takes along what others submitted.

Not by `converge_all` of these jobs: a message that has waited behind others would find them ended,
and settle them while what is younger waits for its order.
"""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from compute.jobs.models import Attempt
from compute.jobs.services.converging import visit
from compute.jobs.services.together import MOST, converge_all
from portal.core import tenancy
from portal.core.background import alone

YOUNG = timedelta(minutes=2)  # what is older is the sweep's
KEY = 2**62 - 1
ROUNDS = 20  # then whoever submits next goes on, or the sweep


def order(job_id: UUID) -> None:
    """Order this job, and with it others of its cluster that nobody has ordered yet.

    One hand at a time for each cluster: the next one sees in what is left what came meanwhile,
    and whose own job is among it needs to do nothing. Raises `EngineUnavailable`.
    """
    with tenancy.as_system():
        attempt = Attempt.objects.filter(job=job_id).order_by("-number").first()
    if attempt is None:
        visit(job_id)  # its first attempt could not be written with it
        return
    if attempt.ordered_at or attempt.ended_at:
        return
    for _ in range(ROUNDS):
        if not (waiting := _unordered(attempt.cluster_id)):
            return
        with alone(attempt.cluster_id.int & KEY) as mine:
            if not mine:
                return  # who is at it asks again for what is left once it has let go
            converge_all(waiting)


def _unordered(cluster_id: UUID) -> list[UUID]:
    """Jobs that wait to be ordered, the first first."""
    since = timezone.now() - YOUNG
    rows = Attempt.objects.filter(cluster=cluster_id, ordered_at=None, ended_at=None)
    with tenancy.as_system():
        young = rows.filter(created_at__gt=since, job__cancel_asked_at=None).order_by("id")
        return list(young.values_list("job", flat=True)[:MOST])
