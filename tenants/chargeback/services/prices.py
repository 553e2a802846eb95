"""The price book: versions that follow each other without a gap, and are never edited."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.audit.services import denied, record
from portal.core import tenancy
from portal.core.errors import Conflict, Refused
from tenants.chargeback import upward
from tenants.chargeback.models import HARDWARE, HOUR, Call, Meter, Price
from tenants.directory.roles import TenantRole

CURRENCIES = ("EUR", "USD", "GBP", "JPY")
HIGHEST = Decimal(1_000_000)
LARGEST_UNIT = 1_000_000_000


@transaction.atomic
def set_price(
    *, tenant, model_id: UUID, model_slug: str, meter: str, amount: Decimal, per: int,
    currency: str, by,
) -> Price:  # fmt: skip
    """`amount` of `currency` for each `per` units of `meter`, from now on.

    Finance at any time; publishers of `tenant`, which owns the model, until its first call is
    made. For a kind of hardware (`meter` counts its seconds, `per` is an hour): finance and
    operators. The price in force ends at the instant at which the new one begins; the same price
    again changes nothing. Raises `Refused` by field, `Conflict` in a race, 403.
    """
    old = Price.objects.select_for_update().filter(model_id=model_id, valid_to=None).first()
    _require_meter(meter, per, old)
    _require_hand(by, tenant, model_id, model_slug, old, meter)
    terms = {"meter": meter, "amount": _amount(amount), "per": _per(per), "currency": currency}
    if currency not in CURRENCIES:
        raise Refused(f"Choose one of {', '.join(CURRENCIES)}.", field="currency")
    if old and all(getattr(old, field) == value for field, value in terms.items()):
        return old
    price = _follow(old, tenant=tenant, model_id=model_id, model_slug=model_slug, by=by, **terms)
    facts = {"model": model_slug, "before": str(old or ""), "after": str(price)}
    record("set a price", price, by=by, **facts)
    return price


def price_in_force(model_id: UUID) -> Price | None:
    """What the model costs now; None if nobody has said."""
    return Price.objects.filter(model_id=model_id, valid_to=None).first()


def unpriced(user, id: UUID) -> Price | None:
    """A kind of hardware that `user` may know of and nobody has priced: a version not stored."""
    kind = upward.sources.kind(user, id)
    if kind is None or Price.objects.filter(model_id=id).exists():
        return None
    return _first(kind)


def all_unpriced(user) -> list[Price]:
    """The same for every kind of hardware that `user` may know of and nobody has priced."""
    found = upward.sources.kinds(user)
    ids = [kind.id for kind in found]
    priced = set(Price.objects.filter(model_id__in=ids).values_list("model_id", flat=True))
    return [_first(kind) for kind in found if kind.id not in priced]


def price_at(model_id: UUID, moment: datetime) -> Price | None:
    """What a model or a kind of hardware cost at `moment`; None if nobody had said."""
    return Price.objects.filter(model_id=model_id).at(moment).first()


def prices_of(ids: Iterable[UUID]) -> dict[UUID, list[Price]]:
    """All versions by id of what they price, the newest first."""
    found: dict[UUID, list[Price]] = {}
    for price in Price.objects.filter(model_id__in=ids).order_by("-version"):
        found.setdefault(price.model_id, []).append(price)
    return found


def _first(kind: upward.Kind) -> Price:
    facts = {"model_id": kind.id, "model_slug": kind.slug, "tenant": kind.tenant}
    return Price(version=0, meter=kind.meter, per=HOUR, currency=CURRENCIES[0], **facts)


def _follow(old: Price | None, *, by, **facts) -> Price:
    now = max(timezone.now(), old.valid_from) if old else timezone.now()
    try:
        with transaction.atomic():
            if old:
                old.valid_to = now
                old.save(update_fields=["valid_to"])
            version = old.version + 1 if old else 1
            return Price.objects.create(version=version, valid_from=now, set_by=by, **facts)
    except IntegrityError:
        raise Conflict("Somebody set this price a moment ago. Look at it again.") from None


def _require_meter(meter: str, per: int, old: Price | None) -> None:
    """What is counted stays of one kind: calls of a model, or time on hardware."""
    hardware = old.of_hardware if old else meter in HARDWARE
    choices = HARDWARE if hardware else {name for name, _ in Meter.of_models()}
    if meter not in choices:
        raise Refused(f"Choose one of {', '.join(sorted(choices))}.", field="meter")
    if hardware and per != HOUR:
        raise Refused("Hardware is priced by the hour: 3600 seconds.", field="per")


def _require_hand(by, tenant, model_id, model_slug, old, meter) -> None:
    if by is None or by.is_finance:
        return
    if meter in HARDWARE:
        if by.is_operator:
            return
        why = f"Only finance and operators set the price of {model_slug}."
        raise denied("set a price of", tenant, by=by, why=why, tenant=tenant)
    if not by.may(TenantRole.PUBLISHER, tenant):
        why = f"Only finance and publishers of {tenant} set the price of {model_slug}."
        raise denied("set a price of", tenant, by=by, why=why, tenant=tenant)
    if old and _was_called(model_id):
        why = f"{model_slug} has been called at its price. Ask finance to change it."
        raise denied("change the price of", old, by=by, why=why)


def _was_called(model_id) -> bool:
    """Whether anybody, of any tenant, has called the model."""
    with tenancy.as_system():
        return Call.objects.filter(model_id=model_id).exists()


def _amount(amount: Decimal) -> Decimal:
    if not amount.is_finite() or not 0 <= amount <= HIGHEST:
        raise Refused(f"Choose an amount between 0 and {HIGHEST:,}.", field="amount")
    if amount != amount.quantize(Decimal("1e-9")):
        raise Refused("Use nine decimals or fewer.", field="amount")
    return amount


def _per(per: int) -> int:
    if not 1 <= per <= LARGEST_UNIT:
        raise Refused(f"Choose a unit between 1 and {LARGEST_UNIT:,}.", field="per")
    return per
