"""Endpoints follow what people wish and what the catalogue offers, without a gap."""

import pytest
from django.core.exceptions import PermissionDenied

from compute.endpoints import services
from compute.endpoints.lifecycle import EndpointStatus
from compute.endpoints.models import Endpoint, Route
from compute.engines.base import EngineUnavailable, ServingOrder
from marketplace.catalog.lifecycle import ModelStatus
from marketplace.catalog.models import AIModel
from portal.audit.models import Event
from portal.core.errors import Conflict, Refused
from portal.vault import services as vault
from tests import factories


def leads(model) -> dict[str, int]:
    """Which version answers where."""
    rows = Route.objects.filter(model=model).select_related("endpoint__version")
    return {row.environment: row.endpoint.version.number for row in rows}


def offer(model, number: int):
    version = factories.version(model, number)
    AIModel.objects.filter(pk=model.pk).update(followed_version=number)
    model.refresh_from_db()
    return version


def test_a_deployed_version_becomes_ready_with_address_and_token(model, host, publisher):
    endpoint = services.deploy(model, model.versions.get(), by=publisher)
    assert endpoint.status == EndpointStatus.REQUESTED
    assert services.converge(endpoint.pk).status == EndpointStatus.STARTING
    host.settle()
    endpoint = services.converge(endpoint.pk)
    assert endpoint.status == EndpointStatus.READY and endpoint.reason == ""
    assert endpoint.address.startswith("http://127.0.0.1:")
    assert vault.reveal(endpoint, "token") == host.look(endpoint.order_name).secret
    assert set(leads(model)) == set(services.ALL)


def test_deploying_the_same_version_again_is_the_same_endpoint(served, model, publisher):
    again = services.deploy(model, served.version, by=publisher)
    assert again.pk == served.pk and Endpoint.objects.count() == 1


def test_another_version_takes_over_only_when_it_is_ready(served, model, host, publisher):
    second = services.deploy(model, offer(model, 2), by=publisher)
    services.converge(second.pk)
    assert set(leads(model).values()) == {1}
    host.settle()
    services.converge(second.pk)
    assert set(leads(model).values()) == {2}
    served.refresh_from_db()
    assert not served.wanted and served.status == EndpointStatus.READY
    assert services.converge(served.pk).status == EndpointStatus.STOPPED
    assert served.reason == "Version 2 took its place."
    assert [seen.name for seen in host.list()] == [second.order_name]


def test_a_version_that_fails_leaves_the_old_one_in_place(served, model, host, publisher):
    host.unknown.add((model.registry_name, 2))
    second = services.deploy(model, offer(model, 2), by=publisher)
    services.converge(second.pk)
    host.settle()
    second = services.converge(second.pk)
    assert second.status == EndpointStatus.FAILED and "registry" in second.reason
    assert set(leads(model).values()) == {1}
    assert services.converge(served.pk).status == EndpointStatus.READY


def test_a_failed_endpoint_rests_until_somebody_starts_it(model, host, publisher, ready):
    host.unknown.add((model.registry_name, 1))
    endpoint = ready(services.deploy(model, model.versions.get(), by=publisher))
    for _ in range(3):
        assert services.converge(endpoint.pk).status == EndpointStatus.FAILED
    host.unknown.clear()
    endpoint.refresh_from_db()
    assert ready(services.start(endpoint, by=publisher)).status == EndpointStatus.READY


def test_the_sweep_serves_what_is_published_and_follows_the_catalogue(model, host):
    services.keep_served()
    host.settle()
    services.keep_served()
    assert set(leads(model).values()) == {1}
    offer(model, 2)
    services.keep_served()
    host.settle()
    services.keep_served()
    services.keep_served()
    assert set(leads(model).values()) == {2}
    assert len(host.list()) == 1


def test_a_version_that_somebody_chose_stays(served, model, publisher, ready, host):
    chosen = services.deploy(
        model, factories.version(model, 2), by=publisher, environments=["development"]
    )
    ready(chosen)
    assert leads(model) == {"development": 2, "staging": 1, "production": 1}
    offer(model, 3)
    for _ in range(2):
        services.keep_served()
        host.settle()
    services.keep_served()
    assert leads(model) == {"development": 2, "staging": 3, "production": 3}


def test_stop_and_start(served, host, publisher):
    services.stop(served, by=publisher)
    stopped = services.converge(served.pk)
    assert stopped.status == EndpointStatus.STOPPED and stopped.reason == "Stopped by publisher."
    assert host.list() == ()
    services.keep_served()
    assert Endpoint.objects.get().status == EndpointStatus.STOPPED
    with pytest.raises(Conflict):
        services.stop(stopped, by=publisher)
    services.start(stopped, by=publisher)
    assert services.converge(served.pk).status == EndpointStatus.STARTING


def test_scaling_orders_anew(served, host, publisher):
    services.scale(served, by=publisher, replicas=2)
    assert services.converge(served.pk).status == EndpointStatus.STARTING
    assert host.look(served.order_name).order.replicas == 2
    assert vault.reveal(served, "token") == host.look(served.order_name).secret
    for wrong in ({"replicas": 0}, {"replicas": 99}, {"memory_mb": 1}):
        with pytest.raises(Refused):
            services.scale(served, by=publisher, **wrong)


def test_a_retired_model_is_served_nowhere_and_comes_back(served, model, host):
    AIModel.objects.filter(pk=model.pk).update(status=ModelStatus.RETIRED)
    services.keep_served()
    assert host.list() == () and leads(model) == {}
    AIModel.objects.filter(pk=model.pk).update(status=ModelStatus.PUBLISHED)
    services.keep_served()
    assert set(leads(model)) == set(services.ALL) and len(host.list()) == 1


def test_a_serving_without_a_row_is_stopped(served, host):
    orphan = "ep-00000000-0000-7000-8000-000000000000"
    for name in (orphan, "somebody-else"):
        host.start(ServingOrder(name=name, model="m", version=1, environment="x"))
    services.keep_served()
    assert {seen.name for seen in host.list()} == {served.order_name, "somebody-else"}


def test_a_silent_engine_changes_nothing_but_says_so(served, host):
    host.down = True
    with pytest.raises(EngineUnavailable):
        services.converge(served.pk)
    served.refresh_from_db()
    assert served.status == EndpointStatus.READY and "does not answer" in served.reason
    services.keep_served()
    host.down = False
    assert services.converge(served.pk).reason == ""


def test_a_crash_is_seen_and_counted(served, host):
    host.crash(served.order_name)
    seen = services.converge(served.pk)
    assert (seen.status, seen.restarts) == (EndpointStatus.STARTING, 1)


@pytest.mark.parametrize("verb", ["deploy", "start", "stop", "scale"])
def test_only_publishers_and_operators_change_endpoints(
    served, model, verb, consumer, governor, auditor
):
    for person in (consumer, governor, auditor):
        with pytest.raises(PermissionDenied):
            if verb == "deploy":
                services.deploy(model, served.version, by=person)
            else:
                getattr(services, verb)(served, by=person)


def test_what_cannot_be_served_is_refused_with_a_reason(model, publisher, retail):
    bare = factories.version(model, 2, signature=None)
    other = factories.version(factories.model("faces", retail), 7)
    for version in (bare, other):
        with pytest.raises(Refused) as refused:
            services.deploy(model, version, by=publisher)
        assert refused.value.field == "version"
    with pytest.raises(Refused):
        services.deploy(model, model.versions.get(number=1), by=publisher, environments=["moon"])


def test_every_step_is_in_the_trail(served):
    verbs = [event.verb for event in Event.objects.about(served).newest_first()]
    assert verbs == ["ready", "starting", "deployed"]


def test_without_a_model_host_nothing_breaks_and_endpoints_say_so(served, host, settings, caplog):
    settings.SERVING_ENGINE = "compute.engines.local_serving.LocalServing"
    settings.MODEL_HOST_URL = ""
    with pytest.raises(EngineUnavailable, match="MODEL_HOST_URL"):
        services.converge(served.pk)
    services.keep_served()
    assert "MODEL_HOST_URL is not set" in caplog.text
