"""What a call of a model costs: by its price, and as one's own teams paid."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Avg, Count
from django.utils import timezone

from marketplace.catalog.models import AIModel
from portal.core.ids import floor_id
from tenants.chargeback.models import Call, Price
from tenants.directory.roles import TenantRole

DAYS = 30


@dataclass(frozen=True)
class CostOfCall:
    """`unit_nano` is the price of one unit; `paid_nano` the mean of one's `calls` in 30 days."""

    price: Price | None
    unit_nano: int | None = None
    calls: int = 0
    paid_nano: int | None = None
    currency: str = ""


def cost_of_call(model: AIModel, user) -> CostOfCall:
    """For a model that `rows.dress` has put a price on. One query."""
    price: Price | None = model.price
    unit = price.nano_for(1) if price else None
    since = floor_id(timezone.now() - timedelta(days=DAYS))
    mine = Call.objects.visible_to(user).filter(
        tenant__in=user.tenants_as(TenantRole.CONSUMER), model_id=model.pk, id__gte=since
    )
    paid = mine.filter(amount_nano__isnull=False, currency=price.currency if price else "")
    told = paid.aggregate(calls=Count("id"), mean=Avg("amount_nano"))
    mean = round(told["mean"]) if told["calls"] else None
    return CostOfCall(price, unit, told["calls"], mean, price.currency if price else "")
