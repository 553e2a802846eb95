"""The catalogue beside a real MLflow: what a data scientist does there is seen here."""

from datetime import timedelta

import pytest

from marketplace.catalog.models import AIModel, RegistryWatch
from marketplace.catalog.services import follow_registry, following
from marketplace.engines.mlflow import MlflowRegistry
from tests.engines.scientists import MlflowScientist

pytestmark = pytest.mark.xdist_group("engines")
NAME = "größe <img src=x> it's"


@pytest.fixture
def beside(registry, db, monkeypatch) -> MlflowRegistry:
    monkeypatch.setattr(following, "registry", lambda: registry)
    return registry


def later() -> None:
    watch = RegistryWatch.objects.get()
    watch.swept_at -= timedelta(seconds=31)
    watch.save()


def test_the_demo_models_arrive_whole(beside):
    done = follow_registry()
    assert not done.problems and done.new >= 3
    model = AIModel.objects.get(slug="digits")
    assert (model.proposed_tenant, model.data_class) == ("vision", "internal")
    assert model.summary and "What it is for" in model.card
    version = model.versions.get(number=model.followed_version)
    assert version.servable and version.input_example and version.metrics["accuracy"] > 0.9
    assert "champion" in version.aliases and version.dependencies
    assert not follow_registry().looked


def test_what_changes_there_changes_here(beside, mlflow_url):
    scientist = MlflowScientist(mlflow_url)
    follow_registry()
    scientist.register(NAME)
    follow_registry()
    model = AIModel.objects.get(registry_name=NAME)
    assert (model.slug, model.versions.count()) == ("grosse-img-src-x-it-s", 1)
    scientist.register(NAME)
    follow_registry()
    assert model.versions.count() == 2
    scientist.tag_model(NAME, "millwright.tenant", "claims")
    scientist.alias(NAME, "champion", 1)
    scientist.delete_version(NAME, 2)
    later()
    follow_registry()
    model.refresh_from_db()
    assert (model.proposed_tenant, model.followed_version) == ("claims", 1)
    assert model.versions.get(number=2).gone_at
    scientist.client.rename_registered_model(NAME, "sizes")
    follow_registry()
    later()
    follow_registry()
    model.refresh_from_db()
    assert (model.registry_name, model.registry_gone_at) == ("sizes", None)
    assert model.versions.get(number=1).gone_at is None
    scientist.delete_model("sizes")
    later()
    assert follow_registry().gone == 1
