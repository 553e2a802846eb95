"""What holds even when messages were lost: clusters are looked at, and shared as ordered."""

import logging
from datetime import timedelta

from django.utils import timezone

from compute.capacity.models import Cluster, Queue, Quota
from compute.capacity.services.clusters import known_clusters
from compute.capacity.services.looking import look
from compute.capacity.services.ordering import heal
from compute.engines.fleet import EngineUnavailable
from portal.core import tenancy
from portal.core.background import alone
from portal.core.errors import Refused
from tenants.directory.models import Tenant

log = logging.getLogger(__name__)
LOCK = 0x6361_7061  # "capa"
GONE_FOR = timedelta(days=1)
LEFT = "The settings do not name this cluster any more."


def tend() -> None:
    """Find clusters, look at each, give every tenant its place, share as ordered; repeatable.

    One hand at a time, because a look at a thousand nodes takes a while.
    """
    with alone(LOCK) as mine:
        if not mine:
            return
        try:
            clusters = known_clusters()
        except Refused as refused:
            log.warning("Clusters are not looked for: %s", refused.detail)
            return
        for cluster in clusters:
            tend_one(cluster)
        _leave({cluster.pk for cluster in clusters})


def tend_one(cluster: Cluster) -> None:
    """Look at one cluster and share it as ordered."""
    look(cluster)
    _clear(cluster)
    welcome(cluster)
    if not cluster.reachable:
        return
    try:
        heal(cluster)
    except EngineUnavailable as silent:
        log.warning("%s does not answer: %s", cluster, silent)


def welcome(cluster: Cluster) -> None:
    """Give every tenant a place in `cluster`, and a quota of every flavour: nothing of its own,
    free to borrow. Those who were told to leave stay out."""
    with tenancy.as_system():
        missing = Tenant.objects.exclude(queues__cluster=cluster)
        Queue.objects.bulk_create(
            [Queue(tenant=tenant, cluster=cluster) for tenant in missing], ignore_conflicts=True
        )
        flavours = list(cluster.flavours.values_list("pk", flat=True))
        queues = list(cluster.queues.values_list("pk", "tenant_id"))
        there = set(Quota.objects.filter(queue__cluster=cluster).values_list("queue", "flavour"))
        Quota.objects.bulk_create(
            [
                Quota(queue_id=queue, tenant_id=tenant, flavour_id=flavour)
                for queue, tenant in queues
                for flavour in flavours
                if (queue, flavour) not in there
            ],
            ignore_conflicts=True,
        )


def _clear(cluster: Cluster) -> None:
    """Drop the rows of nodes that have been gone for a day."""
    cluster.nodes.filter(gone_at__lt=timezone.now() - GONE_FOR).delete()


def _leave(named: set) -> None:
    """Say of clusters that the settings name no more that they are not reached."""
    with tenancy.as_system():
        rest = Cluster.objects.exclude(pk__in=named)
        rest.exclude(reason=LEFT).update(reachable=False, reason=LEFT)
