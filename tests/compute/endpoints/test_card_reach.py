"""What the catalogue hears of endpoints: versions in service by date, and what is installed."""

from datetime import timedelta

from django.utils import timezone

from compute.endpoints import services
from compute.endpoints.card_reach import in_service
from compute.endpoints.models import ServingRuntime
from compute.engines.base import Runtime
from marketplace.catalog import known
from marketplace.catalog.models import AIModel
from tests import factories


def test_a_version_is_in_service_since_it_was_ready(served, model, stranger):
    (one,) = in_service(model, stranger)
    assert (one.version, one.status, one.until) == (1, "ready", None)
    assert one.environments == ("development", "production", "staging")
    assert abs(one.since - timezone.now()) < timedelta(minutes=1)


def test_what_was_replaced_ended_and_what_never_answered_is_left_out(
    served, model, host, ready, publisher, consumer
):
    second = factories.version(model, 2)
    AIModel.objects.filter(pk=model.pk).update(followed_version=2)
    ready(services.deploy(model, second, by=publisher))
    host.settle()
    services.converge(served.pk)
    services.deploy(model, factories.version(model, 3), by=publisher)
    found = {one.version: one for one in in_service(model, consumer)}
    assert set(found) == {1, 2}
    assert found[1].until is not None and found[1].environments == ()
    assert found[2].until is None


def test_what_is_installed_is_as_the_engine_says(host, db):
    assert known.runtime() is None
    services.keep_served()
    assert known.runtime().packages == host.installed.packages
    host.installed = Runtime("3.11.9", {"mlflow": "3.7.0"})
    services.keep_served()
    assert known.runtime().packages["mlflow"] == "3.6.0"  # looked a moment ago
    ServingRuntime.objects.update(seen_at=timezone.now() - timedelta(minutes=2))
    services.keep_served()
    assert known.runtime().packages == {"mlflow": "3.7.0"}
    assert ServingRuntime.objects.count() == 1


def test_a_silent_engine_leaves_what_was_known(host, db):
    services.keep_served()
    host.down = True
    ServingRuntime.objects.update(seen_at=timezone.now() - timedelta(minutes=2))
    services.keep_served()
    assert known.runtime().python == "3.11.9"
