"""Whose a model is, who may find it, and when it leaves."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from marketplace.catalog import broadcast
from marketplace.catalog.lifecycle import ModelStatus
from marketplace.catalog.models import AIModel, AIModelGroupPermission, Listing, Visibility
from marketplace.catalog.services.editing import require_publisher
from marketplace.catalog.services.missing import missing
from portal.audit.services import advance, denied, record
from portal.core import events, tenancy
from portal.core.errors import Conflict, Refused
from portal.core.ids import floor_id
from portal.core.permissions import allow, disallow, holders
from tenants.chargeback import services as chargeback
from tenants.chargeback.models import Call, Meter
from tenants.directory.models import Tenant
from tenants.directory.roles import TenantRole


@transaction.atomic
def claim(model: AIModel, tenant: Tenant, *, by) -> AIModel:
    """Settle that `tenant` owns a waiting model; it becomes a draft.

    Operators choose any tenant; publishers confirm what the registry proposes to theirs.
    """
    model = AIModel.objects.select_for_update(of=("self",)).get(pk=model.pk)
    proposed = tenant.slug == model.proposed_tenant
    mine = by is None or by.is_operator or (proposed and by.may(TenantRole.PUBLISHER, tenant))
    if not mine:
        why = "Only operators, and publishers of the tenant that the registry proposes, can do it."
        raise denied("claim", model, by=by, why=why, tenant=tenant)
    if model.tenant_id:
        raise Conflict(f"The model already belongs to {model.tenant}.")
    model.tenant = tenant
    model.contact = model.contact or tenant.contact
    model.save(update_fields=["tenant", "contact", "changed_at"])
    advance(model, ModelStatus.DRAFT, by=by, owner=tenant.slug)
    broadcast.moved({tenant.slug, model.proposed_tenant})
    events.tell(events.access_changed, model_id=str(model.pk))
    return model


@transaction.atomic
def publish(
    model: AIModel,
    *,
    by,
    visibility: str,
    tenants=(),
    amount: Decimal | None = None,
    per: int = 1000,
    meter: str = Meter.PREDICTIONS,
    currency: str = "",
) -> AIModel:
    """Put a draft into the catalogue at a price: `amount` of `currency` for each `per` units.

    Without `amount` the price in force stays. Raises `Refused` with what is missing.
    """
    require_publisher(by, "publish", model)
    model = AIModel.objects.select_for_update(of=("self",)).get(pk=model.pk)
    if model.status != ModelStatus.DRAFT:
        raise Conflict(f"Only a draft can be published; this is {model.get_status_display()}.")
    if amount is not None:
        _price(model, amount=amount, per=per, meter=meter, currency=currency, by=by)
    _require_complete(model)
    show_to(model, visibility, tenants, by=by)
    model.published_at = timezone.now()
    model.save(update_fields=["published_at", "changed_at"])
    advance(model, ModelStatus.PUBLISHED, by=by, visibility=visibility)
    broadcast.moved([model.tenant.slug])
    events.tell(events.model_published, model_id=str(model.pk))
    events.tell(events.access_changed, model_id=str(model.pk))
    return model


@transaction.atomic
def list_to(model: AIModel, *, by, visibility: str, tenants=()) -> AIModel:
    """Change who finds a model: everyone, the tenants named, or nobody. Grants stay."""
    require_publisher(by, "change the listing of", model)
    model = AIModel.objects.select_for_update(of=("self",)).get(pk=model.pk)
    show_to(model, visibility, tenants, by=by)
    events.tell(events.access_changed, model_id=str(model.pk))
    return model


@transaction.atomic
def retire(model: AIModel, *, by, note: str) -> AIModel:
    """Take a model out of the catalogue; the gateway refuses its calls at once.

    Grants of other tenants pause: their time runs on, and those that have not ended come back
    when the model is restored.
    """
    require_publisher(by, "retire", model)
    if not note.strip():
        raise Refused("Say why; users of the model will read it.", field="note")
    advance(model, ModelStatus.RETIRED, by=by, note=note.strip()[:1000])
    broadcast.moved([model.tenant.slug])
    events.tell(events.access_changed, model_id=str(model.pk))
    return model


@transaction.atomic
def restore(model: AIModel, *, by) -> AIModel:
    """Put a retired model back into the catalogue, if it still has all it needs.

    Grants that were paused and have not ended are in force again.
    """
    require_publisher(by, "restore", model)
    _require_complete(model)
    if model.published_at is None:
        model.published_at = timezone.now()
        model.save(update_fields=["published_at"])
    advance(model, ModelStatus.PUBLISHED, by=by)
    broadcast.moved([model.tenant.slug])
    events.tell(events.model_published, model_id=str(model.pk))
    events.tell(events.access_changed, model_id=str(model.pk))
    return model


@dataclass(frozen=True)
class Consequences:
    """Whom it would touch to retire a model: tenants that may call it, calls of 30 days."""

    tenants: int
    calls: int


def consequences(model: AIModel) -> Consequences:
    """What a publisher reads before retiring a model; counts alone, no names."""
    groups = holders("use_aimodel", model, AIModelGroupPermission)
    holding = {name.split(":")[1] for name in groups.values_list("name", flat=True)}
    holding -= {str(model.tenant_id)}
    since = floor_id(timezone.now() - timedelta(days=30))
    with tenancy.as_system():
        calls = Call.objects.filter(model_id=model.pk, id__gte=since)
        return Consequences(len(holding), calls.count())


def _price(model: AIModel, *, amount, per, meter, currency, by) -> None:
    chargeback.set_price(
        tenant=model.tenant,
        model_id=model.pk,
        model_slug=model.slug,
        meter=meter,
        amount=amount,
        per=per,
        currency=currency or settings.DEFAULT_CURRENCY,
        by=by,
    )


def _require_complete(model: AIModel) -> None:
    lacking = [item for item in missing(model) if item.required]
    if lacking:
        words = " ".join(item.words for item in lacking)
        raise Refused(f"It cannot be published yet. Missing: {words}", field=lacking[0].field)


def show_to(model: AIModel, visibility: str, tenants, *, by) -> None:
    if visibility not in Visibility.values:
        raise Refused("Choose everyone, named tenants or nobody.", field="visibility")
    wanted = {tenant.pk: tenant for tenant in tenants} if visibility == Visibility.NAMED else {}
    if visibility == Visibility.NAMED and not wanted:
        raise Refused("Name at least one tenant, or choose nobody.", field="tenants")
    held = {row.tenant_id: row for row in model.listings.select_related("tenant")}
    for pk in wanted.keys() - held.keys():
        Listing.objects.create(model=model, tenant=wanted[pk], listed_by=by)
        _shown(model, wanted[pk], allow)
    for pk in held.keys() - wanted.keys():
        _shown(model, held[pk].tenant, disallow)
        held[pk].delete()
    before = {
        "visibility": model.visibility,
        "tenants": _slugs(row.tenant for row in held.values()),
    }
    after = {"visibility": visibility, "tenants": _slugs(wanted.values())}
    if before != after:
        model.visibility = visibility
        model.save(update_fields=["visibility", "changed_at"])
        record("listed", model, by=by, before=before, after=after)


def _shown(model: AIModel, tenant: Tenant, verb) -> None:
    """Allow or disallow finding the model to every role of a tenant."""
    for role in TenantRole:
        verb(tenant.group(role), "see_aimodel", model)


def _slugs(tenants) -> list[str]:
    return sorted(tenant.slug for tenant in tenants)
