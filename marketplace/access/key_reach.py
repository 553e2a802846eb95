"""Tells the room of keys which models exist for a person, and which a tenant holds."""

from collections.abc import Iterable

from marketplace.access.models import Grant
from marketplace.catalog.models import AIModel
from tenants.keys import reach


def visible(user, slugs: Iterable[str]) -> dict[str, str]:
    """The names of those of `slugs` that are models `user` may know of, by slug."""
    seen = AIModel.objects.visible_to(user).filter(slug__in=list(slugs))
    return dict(seen.values_list("slug", "name"))


def held(tenants: Iterable) -> dict:
    """The slugs of the models that each tenant holds a grant for now, by tenant id."""
    rows = Grant.objects.in_force().filter(tenant__in=list(tenants))
    found: dict = {}
    for tenant, slug in rows.values_list("tenant_id", "model__slug").order_by("model__slug"):
        found.setdefault(tenant, [])
        if slug not in found[tenant]:
            found[tenant].append(slug)
    return found


reach.connect(visible=visible, held=held)
