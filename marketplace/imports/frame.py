"""Where imports stand in the navigation."""

from portal.core import shell


def sees_imports(user) -> bool:
    """Operators import; who reads the whole trail looks on."""
    return bool(user.platform_roles) and user.reads_trail


shell.register(
    verb="Run",
    order=80,
    label="Imports",
    url_name="imports:list",
    icon="download",
    shown=sees_imports,
)
