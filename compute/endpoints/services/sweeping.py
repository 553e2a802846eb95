"""What must hold even when messages were lost: published models are served, nothing else is."""

import logging
from datetime import timedelta
from uuid import UUID

from django.db.models import Count, F, Q
from django.utils import timezone

from compute.endpoints.models import Endpoint, Route, ServingRuntime
from compute.endpoints.services.converging import converge
from compute.endpoints.services.deploying import ALL, deploy
from compute.endpoints.services.engine import engine
from compute.engines.base import EngineRefused, EngineUnavailable
from marketplace.catalog.lifecycle import ModelStatus
from marketplace.catalog.models import AIModel
from portal.core import tenancy
from portal.core.background import after_commit
from portal.core.errors import Refused

log = logging.getLogger(__name__)
OURS = "ep-"
LOOKED_AFTER = timedelta(minutes=1)
RETIRED = "The model was retired."


def keep_served() -> None:
    """Settle wishes, converge what is unsettled, stop what nobody ordered. Safe to repeat."""
    with tenancy.as_system():
        _retire()
        for model in _behind():
            follow(model)
        due = list(Endpoint.objects.unsettled().values_list("pk", flat=True))
    try:
        for endpoint_id in due:
            converge(endpoint_id)
        _stop_orphans()
        _note_runtime()
    except EngineUnavailable as silent:
        log.warning("The model host does not answer: %s", silent)


def follow(model: AIModel) -> Endpoint | None:
    """Serve the version that the catalogue offers wherever the model goes along with it."""
    version = model.versions.filter(number=model.followed_version).first()
    if version is None or not version.servable or not model.listed:
        return None
    routes = {
        route.environment: route
        for route in model.routes.select_related("endpoint__version", "successor__version")
    }
    behind = [name for name in ALL if _lags(routes.get(name), version.number)]
    if not behind:
        return None
    try:
        return deploy(model, version, by=None, environments=behind)
    except Refused as refused:
        log.warning("%s is not deployed: %s", model, refused.detail)
        return None


def _lags(route: Route | None, number: int) -> bool:
    if route is None:
        return True
    heading = route.successor or route.endpoint
    return route.follows and heading.version.number != number


def _behind():
    """Published models with a route missing, or with one that leads to another version."""
    published = AIModel.objects.filter(
        status=ModelStatus.PUBLISHED, followed_version__isnull=False, tenant__isnull=False
    )
    offered = F("followed_version")
    settled = (
        Q(routes__follows=False)
        | Q(routes__successor__version__number=offered)
        | Q(routes__successor=None, routes__endpoint__version__number=offered)
    )
    counted = published.annotate(settled=Count("routes", filter=settled))
    return counted.filter(settled__lt=len(ALL)).defer("card", "words")


def _retire() -> None:
    """A model that left the catalogue is served nowhere."""
    gone = Route.objects.exclude(model__status=ModelStatus.PUBLISHED)
    models = set(gone.values_list("model_id", flat=True))
    if not models:
        return
    gone.delete()
    served = Endpoint.objects.filter(model__in=models, wanted=True)
    for endpoint in served:
        after_commit("endpoints.converge", endpoint_id=str(endpoint.pk))
    served.update(wanted=False, reason=RETIRED)


def _stop_orphans() -> None:
    """End servings that carry our kind of name and belong to no row that is wanted."""
    host = engine()
    named = {seen.name: _id_in(seen.name) for seen in host.list()}
    ours = {name: pk for name, pk in named.items() if pk}
    with tenancy.as_system():
        wanted = set(
            Endpoint.objects.filter(pk__in=ours.values(), wanted=True).values_list("pk", flat=True)
        )
    for name, pk in ours.items():
        if pk not in wanted:
            try:
                host.stop(name)
            except EngineRefused as refused:
                log.warning("%s could not be stopped: %s", name, refused)


def _note_runtime() -> None:
    """Write down what is installed where models are served, when it is other or long ago."""
    now = timezone.now()
    with tenancy.as_system():
        if ServingRuntime.objects.filter(seen_at__gt=now - LOOKED_AFTER).exists():
            return
    found = engine().runtime()
    told = {"python": found.python[:40], "packages": found.packages, "seen_at": now}
    with tenancy.as_system():
        ServingRuntime.objects.update_or_create(only=True, defaults=told)


def _id_in(name: str) -> UUID | None:
    if not name.startswith(OURS):
        return None
    try:
        return UUID(name.removeprefix(OURS))
    except ValueError:
        return None
