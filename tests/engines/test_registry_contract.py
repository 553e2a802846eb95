"""One contract for every registry: the fake and a real MLflow server."""

import secrets

import pytest

from marketplace.engines import mlflow as mlflow_engine
from marketplace.engines.base import EngineRefused, RegistryUnavailable
from marketplace.engines.fake import FakeRegistry
from marketplace.engines.mlflow import MlflowRegistry
from tests.engines.conftest import free_port
from tests.engines.scientists import FakeScientist, MlflowScientist

pytestmark = pytest.mark.xdist_group("engines")


@pytest.fixture(params=["fake", "mlflow"])
def bench(request):
    """A registry and somebody who works in it."""
    if request.param == "fake":
        registry = FakeRegistry()
        return registry, FakeScientist(registry)
    url = request.getfixturevalue("mlflow_url")
    return MlflowRegistry(url), MlflowScientist(url)


@pytest.fixture
def name() -> str:
    return f"model-{secrets.token_hex(4)}"


def find(registry, name):
    return next((model for model in registry.models() if model.name == name), None)


def marks(registry, name, since=None):
    return [mark for mark in registry.version_marks(since) if mark.model == name]


def test_a_registered_model_is_listed_with_what_was_said_about_it(bench, name):
    registry, scientist = bench
    number = scientist.register(name)
    scientist.describe_model(name, "Reads *digits*.")
    scientist.tag_model(name, "millwright.tenant", "vision")
    scientist.alias(name, "champion", number)
    found = find(registry, name)
    assert found.description == "Reads *digits*."
    assert found.tags == {"millwright.tenant": "vision"}
    assert found.aliases == {"champion": 1}
    assert found.created_at <= found.updated_at


def test_versions_come_in_order_and_agree_with_their_marks(bench, name):
    registry, scientist = bench
    numbers = [scientist.register(name) for _ in range(3)]
    scientist.tag_version(name, 2, "reviewed", "yes")
    found = registry.versions(name)
    assert [one.version for one in found] == numbers == [1, 2, 3]
    assert found[1].tags == {"reviewed": "yes"}
    assert found[1] == registry.version(name, 2)
    assert [one.mark for one in reversed(found)] == marks(registry, name)


def test_a_new_version_changes_the_fingerprint_and_dates_its_model(bench, name):
    registry, scientist = bench
    scientist.register(name)
    before, since = registry.fingerprint(), find(registry, name).updated_at
    assert registry.fingerprint() == before
    scientist.register(name)
    assert registry.fingerprint() != before
    newest = next(registry.models(changed_since=since))
    assert newest.name == name
    assert newest.updated_at > since
    assert [mark.version for mark in marks(registry, name, newest.updated_at)] == [2]


def test_a_description_changes_the_fingerprint(bench, name):
    registry, scientist = bench
    number = scientist.register(name)
    before, since = registry.fingerprint(), find(registry, name).updated_at
    scientist.describe_version(name, number, "Better.")
    between = registry.fingerprint()
    assert between != before
    assert marks(registry, name, since)[0].description == "Better."
    scientist.describe_model(name, "Good.")
    assert registry.fingerprint() != between


def test_tags_and_aliases_show_in_a_sweep_by_their_digest(bench, name):
    registry, scientist = bench
    number = scientist.register(name)
    fingerprint, digests = registry.fingerprint(), {find(registry, name).digest}
    scientist.tag_model(name, "millwright.tenant", "vision")
    digests.add(find(registry, name).digest)
    scientist.alias(name, "champion", number)
    digests.add(find(registry, name).digest)
    assert len(digests) == 3
    mark = marks(registry, name)[0].digest
    scientist.tag_version(name, number, "reviewed", "yes")
    assert marks(registry, name)[0].digest != mark
    assert registry.fingerprint() == fingerprint  # why a sweep is needed at all


def test_only_what_changed_since_is_read_again(bench, name):
    registry, scientist = bench
    scientist.register(f"{name}-old")
    scientist.register(f"{name}-new")
    since = find(registry, f"{name}-new").updated_at
    assert find(registry, f"{name}-old").updated_at < since
    assert [model.name for model in registry.models(changed_since=since)] == [f"{name}-new"]
    assert [mark.model for mark in registry.version_marks(since)] == [f"{name}-new"]


def test_what_is_deleted_is_gone(bench, name):
    registry, scientist = bench
    scientist.register(name)
    scientist.alias(name, "champion", scientist.register(name))
    scientist.delete_version(name, 2)
    assert [one.version for one in registry.versions(name)] == [1]
    assert find(registry, name).aliases == {}
    with pytest.raises(EngineRefused, match="version=2"):
        registry.version(name, 2)
    scientist.delete_model(name)
    assert find(registry, name) is None
    assert marks(registry, name) == []


def test_what_nobody_registered_is_refused_with_its_name(bench, name):
    registry, _ = bench
    with pytest.raises(EngineRefused, match=name):
        registry.versions(name)
    with pytest.raises(EngineRefused, match=name):
        registry.version(name, 1)


@pytest.mark.parametrize("odd", ["it's", 'a "b"', "'\"", "<script>", "%' OR 1=1", "naïve 模型"])
def test_hostile_text_is_just_text(bench, name, odd):
    registry, scientist = bench
    number = scientist.register(f"{name} {odd}")
    scientist.tag_model(f"{name} {odd}", "note", odd)
    scientist.describe_version(f"{name} {odd}", number, f"{odd}\x07")
    assert find(registry, f"{name} {odd}").tags == {"note": odd}
    assert registry.versions(f"{name} {odd}")[0].description == f"{odd}\x07"


def test_many_models_are_read_page_by_page(bench, name, monkeypatch):
    registry, scientist = bench
    monkeypatch.setattr(mlflow_engine, "PAGE", 2)
    wanted = {f"{name}-{n}" for n in range(5)}
    for one in sorted(wanted):
        scientist.register(one)
    listed = [model.name for model in registry.models()]
    assert wanted <= set(listed)
    assert len(listed) == len(set(listed))
    assert wanted <= {mark.model for mark in registry.version_marks()}


def test_it_says_what_it_is(bench):
    registry, _ = bench
    assert registry.ready()
    assert registry.describe().product in {"Fake registry", "MLflow"}
    assert registry.describe().version


def _down(kind: str):
    if kind == "mlflow":
        return MlflowRegistry(f"http://user:hidden@127.0.0.1:{free_port()}", timeout=2.0)
    registry = FakeRegistry()
    registry.down = True
    return registry


@pytest.mark.parametrize("kind", ["fake", "mlflow"])
@pytest.mark.parametrize(
    "ask",
    [
        lambda registry: registry.fingerprint(),
        lambda registry: registry.describe(),
        lambda registry: list(registry.models()),
        lambda registry: list(registry.version_marks()),
        lambda registry: registry.versions("digits"),
        lambda registry: registry.version("digits", 1),
    ],
)
def test_a_registry_that_is_down_says_ask_again(kind, ask):
    registry = _down(kind)
    assert not registry.ready()
    with pytest.raises(RegistryUnavailable) as caught:
        ask(registry)
    assert "hidden" not in str(caught.value)
