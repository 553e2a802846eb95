"""Publishing two of the trained models, as their owners would; the third is left for a person."""

import time
from decimal import Decimal

from compute.endpoints.lifecycle import EndpointStatus
from compute.endpoints.models import Route
from marketplace.catalog import services as catalog
from marketplace.catalog.lifecycle import ModelStatus
from marketplace.catalog.models import AIModel, Stage, Visibility
from portal.core import tenancy
from tenants.directory.models import Tenant, User

PUBLISHED = {"digits": Decimal("0.40"), "breast-cancer-risk": Decimal("6.00")}  # EUR per 1,000
LEFT = "diabetes-progression"
LOOK_AGAIN = 2.0


class NotInTime(Exception):
    """Something the demonstration waits for did not happen; the message says where to look."""


def publish_all(give_up: float) -> None:
    """Publish what `PUBLISHED` names and wait until calls can be answered; safe to repeat."""
    _await(_all_registered, give_up, "The models did not appear: see var/log/worker.log.")
    for slug, amount in PUBLISHED.items():
        with tenancy.as_system():
            _publish(AIModel.objects.get(slug=slug), amount)
    _await(_all_served, give_up, "The models are not served: see var/log/model-host.log.")


def _publish(model: AIModel, amount: Decimal) -> None:
    owner = User.objects.get(username="owner")
    if model.status == ModelStatus.WAITING:
        catalog.claim(model, Tenant.objects.get(slug="vision"), by=owner)
    model.refresh_from_db()
    if model.status == ModelStatus.DRAFT:
        catalog.edit(model, by=owner, stage=Stage.PRODUCTION)
        catalog.publish(model, by=owner, visibility=Visibility.EVERYONE, amount=amount, per=1000)


def _all_registered() -> bool:
    wanted = {*PUBLISHED, LEFT}
    return AIModel.objects.filter(slug__in=wanted, followed_version__gt=0).count() == len(wanted)


def _all_served() -> bool:
    ready = Route.objects.filter(
        model__slug__in=PUBLISHED, endpoint__status=EndpointStatus.READY
    ).values_list("model__slug", flat=True)
    return set(ready) == set(PUBLISHED)


def _await(happened, give_up: float, otherwise: str) -> None:
    while True:
        with tenancy.as_system():
            if happened():
                return
        if time.monotonic() > give_up:
            raise NotInTime(otherwise)
        time.sleep(LOOK_AGAIN)
