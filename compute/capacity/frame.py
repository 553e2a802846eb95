"""What capacity puts into the navigation."""

from portal.core import shell
from tenants.directory.roles import TenantRole


def runs_jobs(user) -> bool:
    """Who may run jobs sees what hardware there is; so do the platform roles."""
    return bool(user.platform_roles) or bool(user.tenants_as(TenantRole.CONSUMER))


shell.register(
    verb="Run", order=10, label="Capacity", url_name="capacity:overview", icon="chip",
    shown=runs_jobs,
)  # fmt: skip
