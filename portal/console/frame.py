"""Where the start page, the help and the console stand in the frame."""

from portal.console.condition import condition
from portal.core import shell

shell.register(
    verb="Run", order=90, label="Console", url_name="admin:index", icon="terminal",
    shown=lambda user: user.is_operator or user.is_governor,
)  # fmt: skip
shell.connect(
    home_url="console:home",
    search_url="catalog:list",
    palette_url="console:palette",
    help_url="console:help",
    recorded_url="console:recorded",
    condition=condition,
)
