"""Calls as the gateway leaves them behind."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.service_levels.models import Target
from portal.core.ids import floor_id
from tenants.chargeback.models import Call


@pytest.fixture
def call(model, claims, vision):
    """Write one call of claims on the model of vision."""

    def write(status: int | None, *, ms: float = 20.0, ago=timedelta(minutes=5), **more) -> Call:
        at = timezone.now() - ago
        facts = {
            "id": uuid.UUID(int=floor_id(at).int | uuid.uuid4().int & (1 << 60) - 1),
            "tenant": claims,
            "provider_id": vision.pk,
            **dict.fromkeys(("key_id", "holder_id", "grant_id", "endpoint_id"), uuid.uuid4()),
            "model_id": model.pk,
            "model_slug": model.slug,
            "version": 1,
            "environment": "production",
            "region": "eu-central",
            "protocol": "v2",
            "started_at": at,
            "ended_at": at,
            "ended_as": "settled" if status else "estimated",
            "http_status": status,
            "status_class": status and status // 100,
            "latency_ms": ms if status else None,
            "price_id": uuid.uuid4(),
            "reserved_nano": 0,
            "amount_nano": 0,
            "currency": "EUR",
        }
        return Call.objects.create(**facts | more)

    return write


@pytest.fixture
def target(model) -> Target:
    return Target.objects.create(model=model, availability=99, latency_ms=100, latency_share=90)
