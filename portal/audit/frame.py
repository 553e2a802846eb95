"""Where the trail stands in the navigation."""

from portal.core import shell


def reads(user) -> bool:
    """Platform roles that watch, and owners for their tenants."""
    return user.reads_trail or bool(user.tenants_as("owner"))


shell.register(
    verb="Prove", order=20, label="Audit trail", url_name="audit:list", icon="trail", shown=reads,
    short="Trail",
)  # fmt: skip
