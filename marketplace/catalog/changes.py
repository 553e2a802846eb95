"""What changed about a model since it was published, as everybody who finds it may know it.

Read from the trail and the price book, without who did it and without what was said inside.
"""

from dataclasses import dataclass
from datetime import datetime

from marketplace.catalog.lifecycle import ModelStatus
from marketplace.catalog.models import AIModel
from marketplace.catalog.rows import said
from portal.audit.models import Event
from portal.core import tenancy
from tenants.chargeback.models import Price

MOST = 12
FIELDS = {"data_class": "class"}
TELLING = (
    *(str(ModelStatus.PUBLISHED), str(ModelStatus.RETIRED)),
    *("edited", "pinned a version", "now gives a version by default", "received a version"),
    *("lost a version in the registry", "promised a service level"),
)


@dataclass(frozen=True)
class Change:
    """What happened, and when (UTC)."""

    at: datetime
    words: str


def changes(model: AIModel) -> list[Change]:
    """The latest twelve, the newest first; nothing from before it was first published."""
    with tenancy.as_system():
        lines = Event.objects.about(model).filter(verb__in=TELLING)
        lines = list(lines.newest_first()[: MOST * 3])
        began = Event.objects.about(model).filter(verb=ModelStatus.PUBLISHED)
        first = began.oldest_first().values_list("at", flat=True).first()
    since = first or model.published_at
    if since is None:
        return []
    prices = Price.objects.filter(model_id=model.pk).order_by("-version")[:MOST]
    told = [Change(line.at, words) for line in lines if (words := _words(line))]
    told += [Change(price.valid_from, _price(price)) for price in prices]
    told = [change for change in told if change.at >= since]
    return sorted(told, key=lambda change: change.at, reverse=True)[:MOST]


def _words(line: Event) -> str:
    facts = line.facts.get("facts") or {}
    after = facts.get("after")
    match line.verb:
        case "edited":
            names = [FIELDS.get(name, name) for name in (after or {})]
            return f"Changed: {', '.join(names)}" if names else ""
        case "pinned a version" | "now gives a version by default":
            return f"Version {after} is given by default"
        case "received a version":
            return f"Version {facts.get('version')} was registered"
        case "lost a version in the registry":
            return f"Version {facts.get('version')} left the registry"
        case "promised a service level":
            return "The service level was changed"
        case ModelStatus.RETIRED:
            return "Retired"
        case _:
            return "Published"


def _price(price: Price) -> str:
    told = said(price)
    return f"Price: {told.amount} {told.per}".strip()
