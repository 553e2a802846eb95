"""Tells the catalogue what is in service, since when, and what is installed there."""

from collections import defaultdict

from compute.endpoints.lifecycle import EndpointStatus
from compute.endpoints.models import Endpoint, ServingRuntime
from marketplace.catalog import known
from portal.audit.models import Event
from portal.core import tenancy

MOST = 20
MOVES = (EndpointStatus.READY, EndpointStatus.STOPPED, EndpointStatus.FAILED)


def in_service(model, user) -> list[known.Served]:
    """The versions that answered or answer calls, the latest first; from the trail.

    Whoever finds the model may know this: version, dates and environments, nothing else.
    """
    rows = Endpoint.objects.filter(model=model).select_related("version")
    rows = list(rows.defer("version__input_example").prefetch_related("routes")[:MOST])
    moved = _moves(rows)
    found = [_served(row, moved[str(row.pk)]) for row in rows]
    return sorted((one for one in found if one), key=lambda one: one.since, reverse=True)


def runtime() -> known.Runtime | None:
    """What the engine last said that it has installed."""
    row = ServingRuntime.objects.first()
    return known.Runtime(row.python, row.packages, row.seen_at) if row else None


def _moves(rows: list[Endpoint]) -> dict[str, list[tuple]]:
    """By endpoint: (status, when) in the order in which it was seen."""
    with tenancy.as_system():
        lines = Event.objects.filter(
            subject_type=Endpoint._meta.label_lower,
            subject_id__in=[str(row.pk) for row in rows],
            verb__in=[str(status) for status in MOVES],
        )
        told = list(lines.oldest_first().values_list("subject_id", "verb", "at"))
    moved = defaultdict(list)
    for pk, verb, at in told:
        moved[pk].append((verb, at))
    return moved


def _served(row: Endpoint, moved: list[tuple]) -> known.Served | None:
    began = [at for verb, at in moved if verb == EndpointStatus.READY]
    if not began:
        return None
    over = row.status in (EndpointStatus.STOPPED, EndpointStatus.FAILED) and not row.wanted
    ended = [at for verb, at in moved if verb != EndpointStatus.READY]
    return known.Served(
        version=row.version.number,
        status=row.status,
        since=began[0],
        until=ended[-1] if over and ended else None,
        environments=tuple(sorted(route.environment for route in row.routes.all())),
    )


known.connect("service", in_service)
known.connect_runtime(runtime)
