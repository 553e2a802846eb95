"""What is put before who asks and who decides: deciders, likely cost, usual wait, digest."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from django.db.models import Q, QuerySet
from django.utils import timezone

from marketplace.access.lifecycle import GrantStatus, RequestStatus
from marketplace.access.models import AccessRequest, Grant
from marketplace.catalog.models import AIModel, DataClass
from portal.core import tenancy
from tenants.chargeback import services as chargeback
from tenants.chargeback.models import Price
from tenants.directory.models import Membership, Tenant, User
from tenants.directory.roles import PlatformRole, TenantRole

REMEMBERED = 20  # past decisions that tell how long the next one takes


@dataclass(frozen=True)
class Wait:
    """How long the last `decisions` on models of a tenant took, in the middle."""

    decisions: int
    middle: timedelta


@dataclass(frozen=True)
class Cost:
    """A likely month: `nano` in nano-units of the currency of `price`, for `calls` calls."""

    price: Price
    calls: int
    nano: int

    @property
    def unit_nano(self) -> int:
        """The amount that the price names, in nano-units."""
        return self.price.nano_for(self.price.per)


@dataclass(frozen=True)
class Summary:
    """A request as a row: with its likely cost, and the digest a decision on it would name."""

    request: AccessRequest
    digest: str
    cost: Cost | None


@dataclass(frozen=True)
class Preview:
    """What approving would do, and the digest of all that is shown."""

    request: AccessRequest
    digest: str
    cost: Cost | None
    days: int
    ends_at: object
    held: list[Grant]
    renewed: Grant | None
    changed_since_asked: bool

    @property
    def class_level(self) -> int:
        """1 (public) to 4 (restricted); 0 while it is not stated."""
        levels, name = list(DataClass.values), self.request.model.data_class
        return levels.index(name) + 1 if name else 0


def deciders_of(request: AccessRequest) -> QuerySet[User]:
    """Who may decide this request, now: the one place to change for policies of several steps."""
    return deciders_for(request.provider, request.tenant).exclude(pk=request.requester_id)


def deciders_for(provider: Tenant, tenant: Tenant) -> QuerySet[User]:
    """Owners of `provider`, or of a division above it, who do not act for `tenant` themselves.

    Platform roles give no say; auditors only read.
    """
    above_provider, above_tenant = _up(provider), _up(tenant)
    owners = Membership.objects.filter(tenant__in=above_provider, role=TenantRole.OWNER)
    interested = Membership.objects.filter(
        Q(tenant=tenant) | Q(tenant__in=above_tenant, role=TenantRole.OWNER)
    )
    return (
        User.objects.filter(is_active=True, pk__in=owners.values("user"))
        .exclude(pk__in=interested.values("user"))
        .exclude(groups__name=PlatformRole.AUDITOR.group_name)
        .order_by("username")
    )


def _up(tenant: Tenant) -> list:
    """The tenant and all above it in the tree."""
    found = []
    while tenant is not None and tenant.pk not in found:
        found.append(tenant.pk)
        tenant = tenant.parent
    return found


def price_of(model: AIModel) -> Price | None:
    """The price in force of a model; None while nobody set one."""
    return chargeback.price_in_force(model.pk)


def likely_cost(price: Price | None, calls: int) -> Cost | None:
    """A month of `calls` calls with one unit of the meter each; None without a price."""
    return None if price is None else Cost(price, calls, price.nano_for(calls))


def usual_wait(provider: Tenant) -> Wait | None:
    """How long decisions of `provider` took lately; None when there was none yet.

    Who asks cannot read the requests of others; only the middle and the count leave here.
    """
    with tenancy.as_system():
        decided = AccessRequest.objects.filter(
            provider=provider,
            status__in=[RequestStatus.APPROVED, RequestStatus.DENIED],
            decided_by__isnull=False,
        ).order_by("-decided_at")
        times = list(decided.values_list("created_at", "decided_at")[:REMEMBERED])
    if not times:
        return None
    return Wait(len(times), median(end - start for start, end in times))


def digest_of(request: AccessRequest) -> str:
    """SHA-256, as hex, over the canonical facts that the page of the request shows."""
    return _digest(request, price_of(request.model))


def preview(request: AccessRequest) -> Preview:
    """What is put before the deciders of `request`, read now, with its digest."""
    price = price_of(request.model)
    digest = _digest(request, price)
    renewed = active_grant(request.model_id, request.tenant_id, request.environment)
    start = renewed.ends_at if renewed and renewed.in_force else timezone.now()
    held = Grant.objects.in_force().filter(provider=request.provider, tenant=request.tenant)
    return Preview(
        request=request,
        digest=digest,
        cost=likely_cost(price, request.expected_calls_per_month),
        days=request.duration_days,
        ends_at=start + timedelta(days=request.duration_days) if start else None,
        held=list(held.exclude(pk=renewed.pk if renewed else None).to_show()),
        renewed=renewed if renewed and renewed.in_force else None,
        changed_since_asked=digest != request.asked_digest,
    )


def summaries(requests) -> list[Summary]:
    """What a row of the queue shows for each request, with one question for all prices."""
    rows = list(requests)
    in_force = Price.objects.filter(model_id__in={row.model_id for row in rows}, valid_to=None)
    prices = {price.model_id: price for price in in_force}
    found = []
    for row in rows:
        price = prices.get(row.model_id)
        cost = likely_cost(price, row.expected_calls_per_month)
        found.append(Summary(row, _digest(row, price), cost))
    return found


def active_grant(model_id, tenant_id, environment: str) -> Grant | None:
    """The one grant that is active for this model, tenant and environment, overdue or not."""
    here = Grant.objects.filter(model=model_id, tenant=tenant_id, environment=environment)
    return here.filter(status=GrantStatus.ACTIVE).to_show().first()


def _digest(request: AccessRequest, price: Price | None) -> str:
    model = request.model
    shown = {
        "request": str(request.pk),
        "model": model.slug,
        "provider": request.provider.slug,
        "tenant": request.tenant.slug,
        "environment": request.environment,
        "requester": request.requester.username,
        "purpose": request.purpose,
        "expected_calls_per_month": request.expected_calls_per_month,
        "duration_days": request.duration_days,
        "renews": str(request.renews_id or ""),
        "version": model.followed_version,
        "data_class": model.data_class,
        "region": model.region,
        "price": price.version if price else None,
    }
    text = json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
