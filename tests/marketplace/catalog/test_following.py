"""The catalogue follows the registry, whatever it holds."""

from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace.catalog import broadcast
from marketplace.catalog.models import AIModel, ModelVersion, RegistryWatch
from marketplace.catalog.services import claim, edit, follow_registry, following, pin
from portal.audit.models import Event
from tests.marketplace.catalog.conftest import SIGNATURE

LOGIN = {"dbname", "user", "password", "host", "port"}


def later() -> None:
    """Half a minute has passed: the next run looks at everything."""
    watch = RegistryWatch.objects.get()
    watch.swept_at -= timedelta(seconds=31)
    watch.save()


def test_a_new_model_waits_with_its_proposal_and_a_prefilled_card(registry):
    registry.register("fraud_score", signature=SIGNATURE, flavours=("python_function", "sklearn"))
    registry.tag_model("fraud_score", "millwright.tenant", "Vision")
    registry.tag_model("fraud_score", "millwright.data_class", "internal")
    registry.describe_model("fraud_score", "Scores a payment. Nothing more.\n\n## Limits\nMany")
    assert follow_registry().new == 1
    model = AIModel.objects.get()
    assert (model.slug, model.name, model.status) == ("fraud-score", "Fraud score", "waiting")
    assert (model.proposed_tenant, model.tenant) == ("vision", None)
    assert (model.summary, model.data_class) == ("Scores a payment.", "internal")
    assert (model.framework, model.followed_version) == ("sklearn", 1)
    assert "## Limits" in model.card


def test_a_second_run_writes_nothing(registry):
    registry.register("digits", signature=SIGNATURE)
    follow_registry()
    with CaptureQueriesContext(connection) as seen:
        done = follow_registry()
    assert not done.looked
    assert not [q for q in seen if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    later()
    before = list(ModelVersion.objects.values()), list(AIModel.objects.values("changed_at"))
    with CaptureQueriesContext(connection) as seen:
        done = follow_registry()
    assert done.looked and (done.new, done.changed, done.gone, done.versions) == (0, 0, 0, 0)
    written = [q["sql"] for q in seen if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert len(written) == 1 and "registrywatch" in written[0]
    assert before == (
        list(ModelVersion.objects.values()),
        list(AIModel.objects.values("changed_at")),
    )


def test_a_new_version_appears_at_once_and_becomes_the_default(registry):
    registry.register("digits", signature=SIGNATURE)
    follow_registry()
    registry.register("digits", signature=SIGNATURE, metrics={"accuracy": 0.9})
    follow_registry()
    model = AIModel.objects.get()
    assert model.followed_version == 2
    assert model.versions.get(number=2).metrics == {"accuracy": 0.9}


def test_tags_and_aliases_follow_with_the_sweep(registry):
    registry.register("digits", signature=SIGNATURE)
    registry.register("digits", signature=SIGNATURE)
    follow_registry()
    registry.tag_model("digits", "task", "vision")
    registry.alias("digits", "champion", 1)
    registry.tag_version("digits", 2, "quality", "poor")
    later()
    follow_registry()
    model = AIModel.objects.get()
    assert (model.tags, model.followed_version) == ({"task": "vision"}, 1)
    assert model.versions.get(number=1).aliases == ["champion"]
    assert model.versions.get(number=2).tags == {"quality": "poor"}
    registry.alias("digits", "champion", 2)
    later()
    follow_registry()
    assert AIModel.objects.get().followed_version == 2
    assert model.versions.get(number=1).aliases == []


def test_a_version_that_cannot_be_served_is_not_the_default(registry):
    registry.register("digits", signature=SIGNATURE)
    registry.register("digits")
    follow_registry()
    assert AIModel.objects.get().followed_version == 1


def test_a_pinned_version_stays(registry, publisher, vision, operator):
    registry.register("digits", signature=SIGNATURE)
    registry.register("digits", signature=SIGNATURE)
    follow_registry()
    model = claim(AIModel.objects.get(), vision, by=operator)
    pin(model, 1, by=publisher)
    registry.register("digits", signature=SIGNATURE)
    registry.alias("digits", "champion", 3)
    later()
    follow_registry()
    model.refresh_from_db()
    assert (model.followed_version, model.version_pinned) == (1, True)
    registry.delete_version("digits", 1)
    later()
    follow_registry()
    model.refresh_from_db()
    assert (model.followed_version, model.version_pinned) == (3, False)


def test_what_publishers_typed_stays(registry, publisher, vision, operator):
    registry.register("digits", signature=SIGNATURE)
    registry.describe_model("digits", "From the registry.")
    follow_registry()
    model = claim(AIModel.objects.get(), vision, by=operator)
    edit(model, by=publisher, summary="Typed here.", card="")
    registry.describe_model("digits", "Changed in the registry.")
    registry.tag_model("digits", "millwright.summary", "Changed in the registry.")
    later()
    follow_registry()
    model.refresh_from_db()
    assert (model.summary, model.card) == ("Typed here.", "")
    assert model.tags["millwright.summary"] == "Changed in the registry."


def test_what_vanishes_is_marked_and_comes_back(registry):
    registry.register("digits", signature=SIGNATURE)
    registry.register("digits", signature=SIGNATURE)
    registry.register("scores", signature=SIGNATURE)
    follow_registry()
    registry.delete_version("digits", 2)
    registry.delete_model("scores")
    later()
    assert follow_registry().gone == 1
    digits, scores = AIModel.objects.order_by("slug")
    assert digits.versions.get(number=2).gone_at and digits.followed_version == 1
    assert scores.registry_gone_at and scores.versions.get().gone_at
    verbs = [event.verb for event in Event.objects.about(scores)]
    assert "vanished from the registry" in verbs
    registry.register("scores", signature=SIGNATURE)
    follow_registry()
    scores.refresh_from_db()
    assert scores.registry_gone_at is None and scores.versions.get().gone_at is None


def test_a_name_registered_anew_shows_the_facts_of_its_new_version(registry):
    registry.register("digits", signature=SIGNATURE, metrics={"accuracy": 0.1})
    follow_registry()
    registry.delete_model("digits")
    registry.register("digits", signature=SIGNATURE, metrics={"accuracy": 0.9})
    later()
    follow_registry()
    assert ModelVersion.objects.get().metrics == {"accuracy": 0.9}


def test_a_renamed_model_keeps_its_address_and_tenant(registry, vision, operator):
    registry.register("digits", signature=SIGNATURE, run_id="run-1")
    follow_registry()
    claim(AIModel.objects.get(), vision, by=operator)
    registry.delete_model("digits")
    registry.register("numerals", signature=SIGNATURE, run_id="run-1")
    follow_registry()
    later()
    follow_registry()
    model = AIModel.objects.get()
    assert (model.slug, model.registry_name, model.tenant) == ("digits", "numerals", vision)
    assert model.registry_gone_at is None and model.versions.get().gone_at is None


def test_the_same_run_under_a_second_name_is_a_second_model(registry):
    registry.register("digits", signature=SIGNATURE, run_id="run-1")
    follow_registry()
    registry.register("copy", signature=SIGNATURE, run_id="run-1")
    follow_registry()
    assert set(AIModel.objects.values_list("slug", flat=True)) == {"copy", "digits"}


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("<script>alert(1)</script>", "script-alert-1-script"),
        ("Größe_1", "grosse-1"),
        ("facets", "model-facets"),
        ("0189a3f2e0007000800000000000abcd", "model-0189a3f2e0007000800000000000abcd"),
        ("a" * 256, "a" * 72),
    ],
)
def test_any_name_becomes_a_plain_address(registry, name, slug):
    registry.register(name)
    follow_registry()
    model = AIModel.objects.get()
    assert (model.slug, model.registry_name) == (slug, name)


def test_names_without_latin_letters_and_like_names_have_addresses_of_their_own(registry):
    for name in ("数字", "數字", "fraud score", "fraud_score", "Fraud/Score"):
        registry.register(name)
    follow_registry()
    slugs = set(AIModel.objects.values_list("slug", flat=True))
    assert len(slugs) == 5 and {"fraud-score", "fraud-score-2", "fraud-score-3"} < slugs


def test_one_bad_model_is_reported_and_stops_no_other(registry, monkeypatch):
    registry.register("bad", signature=SIGNATURE)
    registry.register("good", signature=SIGNATURE)
    registry.register("x" * 300)
    read = registry.version

    def version(name, number):
        if name == "bad":
            raise KeyError("signature")
        return read(name, number)

    monkeypatch.setattr(registry, "version", version)
    done = follow_registry()
    assert AIModel.objects.get(slug="good").followed_version == 1
    assert set(done.problems) == {"bad", "x" * 300}
    assert {problem["name"] for problem in RegistryWatch.objects.get().problems} == {
        "bad",
        "x" * 256,
    }


def test_huge_and_broken_text_is_cut_and_cleaned(registry):
    registry.register(
        "big",
        signature={"inputs": [{"name": "x" * 400_000, "type": "double"}]},
        parameters={f"p{n}": "v" * 6000 for n in range(900)},
        dependencies=tuple(f"package-{n}==1" for n in range(900)),
    )
    registry.describe_model("big", "A nul \0 and half a character \ud800. " * 9000)
    follow_registry()
    model, version = AIModel.objects.get(), ModelVersion.objects.get()
    assert len(model.card) <= 100_000 and "\0" not in model.card
    assert version.signature is None and "256 KiB" in version.problems[0]
    assert len(version.parameters) == 500 and len(version.parameters["p0"]) == 1000
    assert len(version.dependencies) == 400


def test_two_runs_never_work_at_once(registry):
    registry.register("digits", signature=SIGNATURE)
    parameters = connection.get_connection_params()
    with psycopg.connect(**{k: v for k, v in parameters.items() if k in LOGIN}) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [following.LOCK])
        assert not follow_registry().ran
        other.execute("SELECT pg_advisory_unlock(%s)", [following.LOCK])
    assert follow_registry().new == 1


def test_a_silent_registry_changes_nothing_and_is_told(registry):
    registry.register("digits", signature=SIGNATURE)
    registry.down = True
    follow_registry()
    assert following.watch().starting and following.watch().down_since
    registry.down = False
    follow_registry()
    registry.down = True
    follow_registry()
    watch = following.watch()
    since = watch.down_since
    follow_registry()
    assert not watch.starting and following.watch().down_since == since
    assert AIModel.objects.get().registry_gone_at is None
    registry.down = False
    follow_registry()
    assert following.watch().down_since is None


def test_facts_that_came_late_are_read_again(registry):
    registry.register("digits", signature=SIGNATURE)
    follow_registry()
    version = registry.version("digits", 1)
    registry._versions["digits"][1] = version.__class__(
        **{**version.facts, "metrics": {"accuracy": 0.8}}
    )
    ModelVersion.objects.update(read_at=version.created_at - timedelta(seconds=60))
    later()
    follow_registry()
    assert ModelVersion.objects.get().metrics == {"accuracy": 0.8}


def test_who_looks_after_a_model_is_told_that_it_moved(
    registry, monkeypatch, publisher, operator, consumer
):
    told = []
    monkeypatch.setattr(broadcast.people, "moved", lambda ids, what: told.append((set(ids), what)))
    registry.register("fraud_score", signature=SIGNATURE)
    registry.tag_model("fraud_score", "millwright.tenant", "vision")
    follow_registry()
    follow_registry()
    assert len(told) == 1
    people, what = told[0]
    assert what == "models" and {publisher.pk, operator.pk} <= people
    assert consumer.pk not in people
