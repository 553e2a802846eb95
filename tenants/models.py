"""Table of contents for Django."""

from tenants.chargeback.models import Call, Posting, Price, Statement
from tenants.directory.models import Membership, Tenant, User
from tenants.keys.models import ApiKey

__all__ = ["ApiKey", "Call", "Membership", "Posting", "Price", "Statement", "Tenant", "User"]
