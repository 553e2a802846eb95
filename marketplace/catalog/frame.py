"""Where the catalogue stands in the navigation."""

from marketplace.catalog.models import AIModel
from portal.core import shell
from tenants.directory.roles import TenantRole


def publishes(user) -> bool:
    """Whether this person has models to look after, or confirms whose they are."""
    return user.is_operator or bool(user.tenants_as(TenantRole.PUBLISHER))


def helps(user) -> bool:
    """Whether this person may answer what teams wish for."""
    return user.is_governor or bool(user.tenants_as(TenantRole.PUBLISHER))


def to_confirm(user) -> int:
    """Models that wait for this person to confirm their tenant."""
    return AIModel.objects.claimable_by(user).count()


shell.register(
    verb="Use",
    order=10,
    label="Catalogue",
    url_name="catalog:list",
    icon="catalogue",
    short="Catalogue",
)
shell.register(
    verb="Publish",
    order=10,
    label="My models",
    url_name="catalog:mine",
    icon="model",
    shown=publishes,
    tally=to_confirm,
    short="Models",
)
shell.register(
    verb="Publish",
    order=30,
    label="Wanted models",
    url_name="catalog:wanted_list",
    icon="plus",
    shown=helps,
)
