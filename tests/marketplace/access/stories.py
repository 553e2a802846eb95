"""Short ways to the middle of a story about access."""

from datetime import timedelta

from django.utils import timezone

from marketplace.access import services as access
from marketplace.access.models import AccessRequest, Grant

ASKED = {
    "environment": "production",
    "purpose": "Read amounts on scanned claims",
    "expected_calls_per_month": 40_000,
    "duration_days": 90,
}


def ask(model, tenant, by, **other) -> AccessRequest:
    return access.submit(model, tenant, by=by, **ASKED | other)


def hold(model, tenant, by, owner, **other) -> Grant:
    """A grant, asked for by `by` and approved by `owner`."""
    return access.approve(ask(model, tenant, by, **other), by=owner, digest=None)


def let_pass(grant: Grant, days: float) -> Grant:
    """Move a grant `days` into the past."""
    back = timedelta(days=days)
    Grant.objects.filter(pk=grant.pk).update(
        starts_at=grant.starts_at - back, ends_at=grant.ends_at - back
    )
    grant.refresh_from_db()
    return grant


def days_left(grant: Grant) -> int:
    return round((grant.ends_at - timezone.now()).total_seconds() / 86_400)
