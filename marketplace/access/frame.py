"""What access puts into the navigation."""

from marketplace.access.models import AccessRequest
from portal.core import shell
from tenants.directory.roles import TenantRole


def waiting(user) -> int:
    """How many requests wait for this person."""
    return AccessRequest.objects.decidable_by(user).count()


def works_somewhere(user) -> bool:
    return bool(user.standing)


def decides(user) -> bool:
    return bool(user.tenants_as(TenantRole.OWNER)) and not user.is_auditor


shell.register(
    verb="Use", order=20, label="My access", url_name="access:mine", icon="unlock", short="Access",
    shown=works_somewhere,
)  # fmt: skip
shell.register(
    verb="Decide", order=10, label="Review queue", url_name="access:queue", icon="queue",
    short="Queue", shown=decides, tally=waiting,
)  # fmt: skip
