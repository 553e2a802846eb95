"""Which clusters there are: `local` alone, or one for each context of the kubeconfig."""

import logging
from dataclasses import dataclass
from pathlib import Path

import yaml
from django.conf import settings
from django.utils.text import slugify

from compute.capacity.models import Cluster, EngineKind
from compute.capacity.services.looking import look
from portal.audit.services import record
from portal.core import tenancy
from portal.core.errors import Refused
from tenants.directory.models import Region, Tenant

log = logging.getLogger(__name__)
LOCAL = "local"


@dataclass(frozen=True)
class Place:
    """A cluster that the settings name."""

    slug: str
    name: str
    engine: str
    context: str = ""


def discover() -> list[Cluster]:
    """Make the rows of the clusters that the settings name, look at each, and give them back.

    A cluster that does not answer is there all the same, and says so. Raises `Refused` where
    the kubeconfig cannot be read, or the tenant that provides hardware does not exist.
    """
    return [look(cluster) for cluster in known_clusters()]


def known_clusters() -> list[Cluster]:
    """The rows of the clusters that the settings name, made where they are missing."""
    places = named()
    with tenancy.as_system():
        return [_row(place) for place in places]


def named() -> list[Place]:
    """The clusters that the settings name. Raises `Refused` where the kubeconfig is unreadable."""
    if not settings.KUBECONFIG:
        return [Place(LOCAL, "This machine", EngineKind.LOCAL)]
    return [
        Place(slugify(name)[:40] or f"cluster-{number}", name[:80], EngineKind.KUEUE, name)
        for number, name in enumerate(_contexts(), 1)
    ]


def _contexts() -> list[str]:
    try:
        content = yaml.safe_load(Path(settings.KUBECONFIG).expanduser().read_text())
        contexts = [str(each["name"]) for each in content["contexts"]]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as problem:
        log.warning("The kubeconfig cannot be read: %s", problem)
        raise Refused("The file that KUBECONFIG names cannot be read.") from problem
    if not contexts:
        raise Refused("The file that KUBECONFIG names has no context.")
    return contexts


def _row(place: Place) -> Cluster:
    known = Cluster.objects.filter(engine=place.engine, context=place.context).first()
    if known:
        return known
    slug, number = place.slug, 1
    while Cluster.objects.filter(slug=slug).exists():
        number += 1
        slug = f"{place.slug[:36]}-{number}"
    region = settings.REGION if settings.REGION in Region.values else Region.EU_CENTRAL
    made = Cluster.objects.create(
        slug=slug, name=place.name, engine=place.engine, context=place.context[:120],
        region=region, provider=provider(),
    )  # fmt: skip
    record("found", made, by=None, engine=place.engine, context=place.context)
    return made


def provider() -> Tenant:
    """The tenant that earns what hardware costs; nobody invents one with its cost centre."""
    found = Tenant.objects.filter(slug=settings.CAPACITY_PROVIDER).first()
    if found is None:
        raise Refused(
            f"The hardware needs a tenant that provides it: make {settings.CAPACITY_PROVIDER}, or "
            "name another one in the setting CAPACITY_PROVIDER."
        )
    return found
