"""The engine of a cluster, as the settings name it; one client for each in a process."""

import inspect
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from compute.capacity.models import Cluster, EngineKind


@cache
def _made(path: str, slug: str, *place: str):
    """One engine for each cluster. One whose constructor takes nothing is given nothing."""
    made = import_string(path)
    return made(*place) if inspect.signature(made).parameters else made()


def engine_of(cluster: Cluster):
    """A client of the cluster that is both `JobEngine` and `FleetEngine`. Does not connect."""
    path = settings.JOB_ENGINES[cluster.engine]
    if cluster.engine == EngineKind.KUEUE:
        return _made(path, cluster.slug, settings.KUBECONFIG, cluster.context)
    return _made(path, cluster.slug, settings.JOB_HOST_URL, settings.JOB_HOST_TOKEN)


def forget_engines() -> None:
    """Make every engine anew when it is next asked for: settings have changed."""
    _made.cache_clear()
