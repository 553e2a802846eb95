"""Looking at clusters by the clock, and telling them at once how they are to be shared."""

from celery import shared_task

from compute.capacity import services
from compute.capacity.models import Cluster
from compute.engines.fleet import EngineUnavailable
from portal.core import tenancy

TRIES = 5


@shared_task(name="capacity.look")
def look() -> None:
    """Every cluster: what is there, who holds it, and whether it is shared as ordered."""
    services.tend()


@shared_task(name="capacity.apply", bind=True, max_retries=TRIES)
def apply(self, cluster_id: str) -> None:
    """Share one cluster as ordered; a cluster that is silent is told when it answers."""
    with tenancy.as_system():
        cluster = Cluster.objects.filter(pk=cluster_id).first()
    if cluster is None:
        return
    try:
        done = services.apply(cluster)
    except EngineUnavailable as silent:
        raise self.retry(exc=silent, countdown=min(30, 2**self.request.retries)) from silent
    if not done:
        raise self.retry(countdown=1)
