"""The roles people hold: in a tenant, and on the platform as a whole."""

from django.db.models import TextChoices


class TenantRole(TextChoices):
    """What a person may do for one tenant. The order is the order of power."""

    CONSUMER = "consumer", "Consumer"
    PUBLISHER = "publisher", "Publisher"
    OWNER = "owner", "Owner"


class PlatformRole(TextChoices):
    """What a person does for everybody. None of these is a Django superuser."""

    OPERATOR = "operator", "Operator"
    GOVERNANCE = "governance", "Governance"
    FINANCE = "finance", "Finance"
    AUDITOR = "auditor", "Auditor"

    @property
    def group_name(self) -> str:
        return f"platform:{self.value}"
