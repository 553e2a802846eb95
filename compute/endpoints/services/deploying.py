"""What people wish: deploy a version, start, stop and scale an endpoint."""

from django.db import transaction

from compute.endpoints.lifecycle import EndpointStatus
from compute.endpoints.models import Endpoint, Route
from compute.engines.base import LEAST_MEMORY_MB, MOST_MEMORY_MB, MOST_REPLICAS
from marketplace.catalog.models import AIModel, Environment, ModelVersion
from portal.audit.services import advance, denied, record
from portal.core.background import after_commit
from portal.core.errors import Conflict, Refused
from tenants.directory.roles import TenantRole

ALL = tuple(Environment.values)
MEMORY_MB = 2048


@transaction.atomic
def deploy(
    model: AIModel,
    version: ModelVersion,
    *,
    by,
    environments=ALL,
    replicas: int | None = None,
    memory_mb: int | None = None,
) -> Endpoint:
    """Serve `version` in `environments`; what answers there now does so until this is ready.

    The same version again is the same endpoint, and keeps its size unless told otherwise: one
    replica and 2,048 MB for each replica at first. Raises `Refused` with the field at fault.
    """
    _require_publisher(by, "deploy", model)
    _check(model, version, environments)
    model = AIModel.objects.select_for_update(of=("self",)).get(pk=model.pk)
    endpoint = Endpoint.objects.filter(model=model, version=version).first()
    facts = {
        "wanted": True,
        "replicas": replicas or (endpoint.replicas if endpoint else 1),
        "memory_mb": memory_mb or (endpoint.memory_mb if endpoint else MEMORY_MB),
    }
    _check_size(facts["replicas"], facts["memory_mb"])
    if endpoint is None:
        owned = {"tenant": model.tenant, "region": model.region}
        endpoint = Endpoint.objects.create(model=model, version=version, **owned, **facts)
    else:
        _wish(endpoint, **facts)
        _try_again(endpoint, by)
    for environment in environments:
        _lead(model, environment, endpoint)
    record("deployed", endpoint, by=by, environments=sorted(environments), **facts)
    after_commit("endpoints.converge", endpoint_id=str(endpoint.pk))
    return endpoint


@transaction.atomic
def start(endpoint: Endpoint, *, by) -> Endpoint:
    """Ask for an endpoint that was stopped or has failed to be started again."""
    _require_publisher(by, "start", endpoint.model)
    if endpoint.wanted and endpoint.status not in {EndpointStatus.FAILED, EndpointStatus.STOPPED}:
        raise Conflict(f"{endpoint} is running or being started already.")
    _check(endpoint.model, endpoint.version, ALL)
    _wish(endpoint, wanted=True, reason="")
    _try_again(endpoint, by)
    record("asked to start", endpoint, by=by)
    after_commit("endpoints.converge", endpoint_id=str(endpoint.pk))
    return endpoint


@transaction.atomic
def stop(endpoint: Endpoint, *, by, note: str = "") -> Endpoint:
    """Stop serving: calls are refused from now on, the worker ends shortly after."""
    _require_publisher(by, "stop", endpoint.model)
    if not endpoint.wanted:
        raise Conflict(f"{endpoint} is stopped already.")
    reason = note or f"Stopped by {by.username if by else 'the platform'}."
    _wish(endpoint, wanted=False, reason=reason)
    endpoint.takes_over.update(successor=None, follows=False)
    record("asked to stop", endpoint, by=by, note=note)
    after_commit("endpoints.converge", endpoint_id=str(endpoint.pk))
    return endpoint


@transaction.atomic
def scale(
    endpoint: Endpoint, *, by, replicas: int | None = None, memory_mb: int | None = None
) -> Endpoint:
    """Change how many workers answer, and the memory of each in MB."""
    _require_publisher(by, "scale", endpoint.model)
    before = {"replicas": endpoint.replicas, "memory_mb": endpoint.memory_mb}
    after = {
        "replicas": endpoint.replicas if replicas is None else replicas,
        "memory_mb": endpoint.memory_mb if memory_mb is None else memory_mb,
    }
    _check_size(**after)
    if before == after:
        raise Conflict("Nothing changes: choose another number of replicas or more memory.")
    _wish(endpoint, **after)
    record("scaled", endpoint, by=by, before=before, after=after)
    after_commit("endpoints.converge", endpoint_id=str(endpoint.pk))
    return endpoint


def _lead(model: AIModel, environment: str, endpoint: Endpoint) -> None:
    """Point the route of an environment to `endpoint`, at once or when it is ready."""
    follows = endpoint.version.number == model.followed_version
    route = Route.objects.filter(model=model, environment=environment).first()
    if route is None:
        Route.objects.create(
            model=model, environment=environment, endpoint=endpoint, follows=follows
        )
        return
    route.follows = follows
    route.successor = None if route.endpoint_id == endpoint.pk else endpoint
    route.save(update_fields=["follows", "successor"])


def _try_again(endpoint: Endpoint, by) -> None:
    if endpoint.status in {EndpointStatus.FAILED, EndpointStatus.STOPPED}:
        advance(endpoint, EndpointStatus.REQUESTED, by=by)


def _wish(endpoint: Endpoint, **columns) -> None:
    Endpoint.objects.filter(pk=endpoint.pk).update(**columns)
    for name, value in columns.items():
        setattr(endpoint, name, value)


def _check(model: AIModel, version: ModelVersion, environments) -> None:
    if model.tenant_id is None:
        raise Refused("The model has no tenant yet. Confirm one first.", field="model")
    if not model.listed:
        raise Refused("Only a published model is served. Publish it first.", field="model")
    if version.model_id != model.pk:
        raise Refused(f"{model} has no such version.", field="version")
    if not version.servable:
        why = f"Version {version.number} cannot be served: the registry lacks its signature"
        raise Refused(f"{why} or is not done with it. Choose another.", field="version")
    if not environments or set(environments) - set(ALL):
        raise Refused(f"Choose one or more of {', '.join(ALL)}.", field="environments")


def _check_size(replicas: int, memory_mb: int) -> None:
    if not 1 <= replicas <= MOST_REPLICAS:
        raise Refused(f"Choose 1 to {MOST_REPLICAS} replicas.", field="replicas")
    if not LEAST_MEMORY_MB <= memory_mb <= MOST_MEMORY_MB:
        words = f"Choose {LEAST_MEMORY_MB} to {MOST_MEMORY_MB} MB for each replica."
        raise Refused(words, field="memory_mb")


def _require_publisher(by, verb: str, model: AIModel) -> None:
    if by is None or by.is_operator or by.may(TenantRole.PUBLISHER, model.tenant):
        return
    why = f"Only publishers of {model.tenant} and operators can do this."
    raise denied(verb, model, by=by, why=why)
