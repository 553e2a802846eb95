"""Brings one endpoint from what is seen to what is wished, and says in plain words where it is."""

from uuid import UUID

from django.utils import timezone

from compute.endpoints.lifecycle import EndpointStatus
from compute.endpoints.models import Endpoint, Route
from compute.endpoints.services.engine import engine
from compute.engines.base import (
    EngineRefused,
    EngineUnavailable,
    ServingEngine,
    ServingOrder,
    ServingPhase,
    ServingSighting,
)
from portal.audit.services import advance
from portal.core import tenancy
from portal.core.background import after_commit
from portal.core.lifecycle import Overtaken
from portal.vault import services as vault
from portal.vault.models import Secret

SHARED = "shared"  # an endpoint may answer in several environments
STATUS = {
    ServingPhase.STARTING: EndpointStatus.STARTING,
    ServingPhase.READY: EndpointStatus.READY,
    ServingPhase.UNHEALTHY: EndpointStatus.UNHEALTHY,
    ServingPhase.STOPPED: EndpointStatus.STOPPED,
    ServingPhase.FAILED: EndpointStatus.FAILED,
}
WORDS = {
    EndpointStatus.STARTING: "The model is being loaded.",
    EndpointStatus.UNHEALTHY: "It was ready and does not answer now. It is being restarted.",
    EndpointStatus.FAILED: "It could not be started.",
}
SILENT = "The model host does not answer now. This is tried again by itself."


def converge(endpoint_id: UUID | str) -> Endpoint | None:
    """Look, act, note. Safe to run at any time, by several at once.

    Raises `EngineUnavailable` when the engine does not answer: ask again. The engine is asked
    outside of any transaction.
    """
    with tenancy.as_system():
        endpoint = _read(endpoint_id)
    if endpoint is None:
        return None
    try:
        seen = _act(engine(), endpoint)
    except EngineRefused as refused:
        seen = ServingSighting(endpoint.order_name, ServingPhase.FAILED, reason=str(refused))
    except EngineUnavailable:
        with tenancy.as_system():
            Endpoint.objects.filter(pk=endpoint.pk, wanted=True).update(reason=SILENT)
        raise
    with tenancy.as_system():
        return _note(endpoint, seen)


def order_of(endpoint: Endpoint) -> ServingOrder:
    """What the engine should run. Raises `EngineRefused` for what none could."""
    return ServingOrder(
        name=endpoint.order_name,
        model=endpoint.model.registry_name,
        version=endpoint.version.number,
        environment=SHARED,
        replicas=endpoint.replicas,
        memory_mb=endpoint.memory_mb,
    )


def _read(endpoint_id: UUID | str) -> Endpoint | None:
    rows = Endpoint.objects.select_related("model", "version", "tenant")
    return rows.filter(pk=endpoint_id).first()


def _act(host: ServingEngine, endpoint: Endpoint) -> ServingSighting:
    name = endpoint.order_name
    seen = host.look(name)
    if not endpoint.wanted:
        if seen.order is not None or seen.phase != ServingPhase.STOPPED:
            host.stop(name)
        return ServingSighting(name, ServingPhase.STOPPED)
    order = order_of(endpoint)
    afresh = seen.phase == ServingPhase.FAILED and endpoint.status == EndpointStatus.REQUESTED
    if seen.order != order or seen.phase == ServingPhase.STOPPED or afresh:
        return host.start(order)
    return seen


def _note(endpoint: Endpoint, seen: ServingSighting) -> Endpoint | None:
    """Write down what was seen, unless the wish has changed in the meantime."""
    now = _read(endpoint.pk)
    if now is None or now.wanted != endpoint.wanted:
        after_commit("endpoints.converge", endpoint_id=str(endpoint.pk))
        return now
    if seen.secret:
        _keep_token(now, seen.secret)
    reached = STATUS[seen.phase]
    facts = {
        "address": (seen.address or "").rstrip("/"),
        "restarts": seen.restarts,
        "seen_at": timezone.now(),
        "reason": _reason(now, reached, seen.reason),
    }
    Endpoint.objects.filter(pk=now.pk).update(**facts)
    for name, value in facts.items():
        setattr(now, name, value)
    if reached != now.status:
        try:
            advance(now, reached, by=None, note=now.reason)
        except Overtaken:
            return _read(now.pk)
    if now.status == EndpointStatus.READY:
        take_over(now)
    return now


def _reason(endpoint: Endpoint, reached: str, said: str) -> str:
    if not endpoint.wanted:
        return endpoint.reason
    if reached == EndpointStatus.READY:
        return ""
    return said or WORDS.get(reached, "")


def take_over(endpoint: Endpoint) -> None:
    """Lead calls to `endpoint` where it was waiting to; stop what nobody reaches any more."""
    waiting = Route.objects.select_for_update().filter(successor=endpoint)
    replaced = {route.endpoint_id for route in waiting}
    if not replaced:
        return
    Route.objects.filter(successor=endpoint).update(endpoint=endpoint, successor=None)
    for old in Endpoint.objects.filter(pk__in=replaced, wanted=True):
        if old.routes.exists() or old.takes_over.exists():
            continue
        reason = f"Version {endpoint.version.number} took its place."
        Endpoint.objects.filter(pk=old.pk).update(wanted=False, reason=reason)
        after_commit("endpoints.converge", endpoint_id=str(old.pk))


def _keep_token(endpoint: Endpoint, token: str) -> None:
    """The worker's token, written only when it is another one."""
    try:
        known = vault.reveal(endpoint, "token")
    except Secret.DoesNotExist:
        known = ""
    if known != token:
        vault.keep(endpoint, "token", token)
