"""Tenants, people and roles in the console."""

from portal.web.admin import columns
from tenants.directory.models import Membership, Tenant, User

columns(
    Tenant, "slug", "name", "parent", "cost_centre", "region", "contact",
    search=("slug", "name", "cost_centre"),
)  # fmt: skip
columns(
    User, "username", "email", "is_active", "last_login", "date_joined",
    search=("username", "email"), list_filter=("is_active",), date_hierarchy="date_joined",
    hidden=("password", "is_staff", "is_superuser"),
)  # fmt: skip
columns(
    Membership, "user", "tenant", "role", "created_at", search=("user__username", "tenant__slug")
)
