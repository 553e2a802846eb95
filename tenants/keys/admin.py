"""Keys in the console, without what they are checked against."""

from portal.web.admin import columns
from tenants.keys.models import ApiKey

columns(
    ApiKey, "public_id", "name", "tenant", "holder", "status", "expires_at", "last_used_at",
    search=("public_id", "name", "tenant__slug", "holder__username"), hidden=("digest", "pepper"),
)  # fmt: skip
