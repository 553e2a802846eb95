"""Calls and their settlement, with the statements that the gateway uses."""

from datetime import datetime

from django.db import connection
from django.utils import timezone

from portal.core.ids import floor_id, new_id
from tenants.chargeback import services
from tenants.chargeback.models import Call, Ending, Price
from tenants.chargeback.settlement import (
    HOLD_SQL,
    POSTING_SQL,
    SETTLE_SQL,
    ending_of,
    month_key,
    period_of,
    postings_for,
)


def id_at(moment: datetime):
    """An id as it would have been made at `moment`."""
    late = new_id().int & (1 << 62) - 1
    return type(floor_id(moment))(int=floor_id(moment).int | late)


def reserve(model, tenant, *, at=None, quantity: int = 1, price=None, **more) -> Call:
    """An open call of `tenant` on `model`, begun at `at`."""
    at = at or timezone.now()
    price = price or services.price_in_force(model.pk)
    facts = {
        "id": id_at(at),
        "provider_id": model.tenant_id,
        "key_id": new_id(),
        "holder_id": new_id(),
        "grant_id": new_id(),
        "model_id": model.pk,
        "model_slug": model.slug,
        "version": 1,
        "endpoint_id": new_id(),
        "environment": "production",
        "region": "eu-central",
        "protocol": "v2",
        "started_at": at,
        "quantities": {"calls": 1, "predictions": quantity},
        "price_id": price.pk,
        "reserved_nano": price.nano_for(quantity),
        "currency": price.currency,
    }
    return Call.objects.create(tenant=tenant, **facts | more)


def settle(call: Call, quantity: int = 1, *, at=None, ended_as=Ending.SETTLED) -> bool:
    """End the reservation as the gateway does; False if it had ended before."""
    price = Price.objects.get(pk=call.price_id)
    nano = 0 if ended_as == Ending.VOIDED else price.nano_for(quantity)
    at = at or call.started_at
    ending = ending_of(
        call.pk,
        ended_as=ended_as,
        at=at,
        nano=nano,
        quantities={"calls": 1, "predictions": quantity},
        http_status=503 if ended_as == Ending.VOIDED else 200,
        latency_ms=18.2,
        ttfb_ms=17.0,
        overhead_ms=1.5,
    )
    with connection.cursor() as cursor:
        cursor.execute(SETTLE_SQL, ending)
        if cursor.fetchone() is None:
            return False
        period = period_of(call.started_at)
        cursor.execute(HOLD_SQL, [month_key(period)])
        for row in postings_for(call, quantity, nano, at, period, price.meter):
            cursor.execute(POSTING_SQL, row)
    return True


def used(model, tenant, quantity: int = 1, **more) -> Call:
    """A call that was answered and settled."""
    call = reserve(model, tenant, quantity=quantity, **more)
    assert settle(call, quantity)
    return call
