"""What endpoints put into the navigation."""

from portal.core import shell
from tenants.directory.roles import TenantRole


def runs_models(user) -> bool:
    """Publishers, and the platform roles that watch over what runs."""
    return user.reads_trail or bool(user.tenants_as(TenantRole.PUBLISHER))


shell.register(
    verb="Publish", order=20, label="Endpoints", url_name="endpoints:list", icon="chip",
    shown=runs_models,
)  # fmt: skip
