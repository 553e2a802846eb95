"""Trying a model from its page: where this person may run it, what it costs, and what came out."""

import json
import time
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from compute.endpoints import gateway_client
from compute.endpoints.lifecycle import EndpointStatus
from compute.endpoints.models import Endpoint, Route
from compute.endpoints.portal_keys import key_for
from marketplace.access.models import Grant
from marketplace.catalog import examples
from marketplace.catalog.models import Environment
from tenants.chargeback.models import Call, Price
from tenants.directory.models import Tenant
from tenants.directory.roles import TenantRole

ORDER = (Environment.PRODUCTION, Environment.STAGING, Environment.DEVELOPMENT)
SHORT = 160  # characters of an answer that stay on one line
SETTLED_WITHIN = 2.0  # seconds; the ledger is usually done within milliseconds


@dataclass(frozen=True)
class Way:
    """A tenant that pays and an environment in which its grant holds; `endpoint` answers there."""

    tenant: Tenant
    environment: str
    endpoint: Endpoint | None

    @property
    def value(self) -> str:
        return f"{self.tenant.slug}:{self.environment}"

    @property
    def label(self) -> str:
        return f"{self.tenant.slug}, {self.environment}"

    @property
    def ready(self) -> bool:
        return bool(
            self.endpoint and self.endpoint.wanted and self.endpoint.status == EndpointStatus.READY
        )


@dataclass(frozen=True)
class Outcome:
    """What a page says after a try: `text` is the answer, `words` what went wrong."""

    ok: bool
    status: int
    text: str
    words: str
    milliseconds: float
    overhead_ms: float | None
    version: str
    call: str
    nano: int | None
    currency: str
    headline: str = ""


def ways(model, user) -> list[Way]:
    """Where `user` may run `model`, the most productive first, ready ones before others."""
    mine = Grant.objects.in_force().filter(
        model=model, tenant__in=user.tenants_as(TenantRole.CONSUMER)
    )
    routes = Route.objects.filter(model=model).select_related("endpoint__version")
    by_environment = {route.environment: route.endpoint for route in routes}
    found = [
        Way(grant.tenant, grant.environment, by_environment.get(grant.environment))
        for grant in mine.select_related("tenant")
    ]
    return sorted(
        found, key=lambda way: (not way.ready, ORDER.index(way.environment), way.tenant.slug)
    )


def chosen(options: list[Way], value: str) -> Way | None:
    """The way that was picked, else the best one."""
    picked = [way for way in options if way.value == value]
    return (picked or options or [None])[0]


def price_of(model) -> Price | None:
    """The price in force now."""
    return Price.objects.at(timezone.now()).filter(model_id=model.pk).first()


def run(model, way: Way, fields: list, values: dict, *, by) -> Outcome:
    """One prediction through the gateway, admitted, metered and billed like any other call."""
    body = examples.mlflow_body(fields, values)
    key = key_for(by, way.tenant)
    began = time.perf_counter()
    try:
        heard = gateway_client.score(model.slug, body, key=key, environment=way.environment)
    except gateway_client.GatewayAway as away:
        return Outcome(False, 0, "", str(away), 0.0, None, "", "", None, "EUR")
    took = (time.perf_counter() - began) * 1000
    call = _ended(heard.call) if heard.ok else None
    return Outcome(
        ok=heard.ok,
        status=heard.status,
        text=_written(heard.content) if heard.ok else "",
        words="" if heard.ok else _said(heard),
        milliseconds=took,
        overhead_ms=heard.overhead_ms,
        version=heard.version,
        call=heard.call,
        nano=call.amount_nano if call else None,
        currency=call.currency if call else "EUR",
        headline=_headline(heard.content) if heard.ok else "",
    )


def _ended(call: str) -> Call | None:
    """The row of the call once the gateway has settled it."""
    until = time.monotonic() + SETTLED_WITHIN
    while time.monotonic() < until:
        row = Call.objects.filter(pk=UUID(call)).first()
        if row and row.ended_as:
            return row
        time.sleep(0.02)
    return None


def _written(content: object) -> str:
    """JSON on one line where that is readable."""
    line = json.dumps(content, ensure_ascii=False)
    return line if len(line) <= SHORT else json.dumps(content, indent=2, ensure_ascii=False)


def _said(heard: gateway_client.Heard) -> str:
    content = heard.content if isinstance(heard.content, dict) else {}
    return str(content.get("message") or content.get("error") or f"Answered {heard.status}.")


def _headline(content: object) -> str:
    """The answer in a word, where it is one."""
    found = content.get("predictions") if isinstance(content, dict) else None
    while isinstance(found, list) and len(found) == 1:
        found = found[0]
    if isinstance(found, float):
        return f"{found:.6g}"
    return str(found)[:60] if isinstance(found, str | int) else ""
