"""What the registry suggests for a card: taken over until a tenant has confirmed the model."""

from marketplace.catalog import facts
from marketplace.catalog.models import DataClass
from marketplace.engines.base import RegisteredModel, RegisteredVersion
from tenants.directory.models import Region

TENANT = "millwright.tenant"
LONGEST_CARD = 100_000
PLAIN_FLAVOURS = {"python_function", "pyfunc"}


def proposed_tenant(found: RegisteredModel) -> str:
    """The slug that the tag names; nothing more than a proposal."""
    return facts.line(found.tags.get(TENANT), 80).lower()


def card(found: RegisteredModel) -> dict[str, str]:
    """Fields of a model as its registered description and tags suggest them."""
    tags = found.tags
    data_class = facts.line(_tag(tags, "data_class"), 20).lower()
    region = facts.line(_tag(tags, "region"), 20).lower()
    filled = {
        "name": facts.line(_tag(tags, "title"), 120) or facts.title_of(found.name),
        "summary": facts.line(_tag(tags, "summary"), 240)
        or facts.first_sentence(found.description),
        "card": facts.text(found.description, LONGEST_CARD),
        "task": facts.line(_tag(tags, "task"), 60),
        "framework": facts.line(_tag(tags, "framework"), 60),
        "licence": facts.line(_tag(tags, "licence") or tags.get("license"), 80),
        "data_class": data_class if data_class in DataClass.values else "",
    }
    return filled | ({"region": region} if region in Region.values else {})


def framework(version: RegisteredVersion) -> str:
    """The framework that a version was made with: its first flavour that is not the plain one."""
    own = [name for name in version.flavours if name not in PLAIN_FLAVOURS]
    return facts.line(own[0], 60) if own else ""


def _tag(tags: dict[str, str], name: str) -> str:
    return tags.get(f"millwright.{name}") or tags.get(name, "")
