"""Models side by side: what is picked, what differs, what is a risk, and for whom."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compute.endpoints.models import ServingRuntime
from marketplace.catalog import environment, known, picks, side_by_side
from marketplace.catalog.models import AIModel, Visibility
from marketplace.service_levels.models import Measured, Target, Window
from tenants.chargeback import services as chargeback
from tests import factories

RUNTIME = known.Runtime("3.11.9", {"scikit-learn": "1.7.2", "numpy": "2.1.0"}, timezone.now())


@pytest.fixture
def scores(vision):
    """A second model, with two versions and another price."""
    made = factories.model("scores", vision, task="regression", licence="MIT")
    made.versions.update(metrics={"rmse": 4.0, "accuracy": 0.9}, parameters={"depth": "3"})
    factories.version(
        made, 2, metrics={"rmse": 3.5, "accuracy": 0.95}, parameters={"depth": "5"},
        aliases=["champion"], dependencies=["scikit-learn==1.5.0", "torch"],
    )  # fmt: skip
    return made


def rows_of(parts, key):
    (part,) = [part for part in parts if part.key == key]
    return {row.name: row for row in part.rows}


@pytest.mark.parametrize(
    ("asked", "version"),
    [("scores", 1), ("scores@2", 2), ("SCORES@v2", 2), ("scores@champion", 2)],
)
def test_a_pick_names_a_model_and_a_version(scores, consumer, asked, version):
    assert picks.find(consumer, asked).version.number == version


def test_a_pick_by_id_of_a_model_or_of_a_version(scores, consumer):
    second = scores.versions.get(number=2)
    assert picks.find(consumer, str(scores.pk)).reference == "scores@1"
    assert picks.find(consumer, f"{scores.pk}@2").reference == "scores@2"
    assert picks.find(consumer, str(second.pk)).reference == "scores@2"


@pytest.mark.parametrize("asked", ["nothing", "scores@9", "scores@99999999999", "@", "scores@\0"])
def test_what_is_not_there_is_not_picked(scores, consumer, asked):
    assert asked == "scores@\0" or picks.find(consumer, asked) is None


def test_what_one_may_not_see_is_not_there(scores, consumer, publisher):
    hidden = factories.model("hidden", scores.tenant, visibility=Visibility.NOBODY)
    version = hidden.versions.get()
    for asked in ("hidden", str(hidden.pk), str(version.pk)):
        assert picks.find(consumer, asked) is None
        assert picks.find(publisher, asked).model == hidden


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("scikit-learn==1.7.2", "met"),
        ("scikit_learn>=1.6", "met"),
        ("scikit-learn==1.5.0", "off"),
        ("numpy==1.26.4", "far"),
        ("numpy<2", "far"),
        ("torch", "absent"),
        ("numpy @ https://example.org/numpy.whl", "unknown"),
        ("not a requirement !!", "unknown"),
    ],
)
def test_a_requirement_beside_what_is_installed(line, state):
    (need,) = environment.needs([line], RUNTIME).values()
    assert need.state == state
    assert bool(need.words) == (state in ("off", "far", "absent"))


def test_nothing_is_called_a_risk_where_nothing_is_known():
    (need,) = environment.needs(["torch==2.0"], None).values()
    assert (need.state, need.tone, need.wanted) == ("unknown", "", "==2.0")
    assert environment.needs(['x; python_version < "3.8"', "-e .", ""], RUNTIME) == {}


@pytest.mark.parametrize(("trained", "tone"), [("3.11.2", ""), ("3.9.1", "bad"), ("", None)])
def test_python_itself_is_a_requirement(trained, tone):
    need = environment.python(trained, RUNTIME)
    assert (need.tone if need else None) == tone


def test_what_differs_and_what_is_best(scores, model, consumer):
    chosen = [picks.find(consumer, ref) for ref in ("scores@1", "scores@2")]
    parts = side_by_side.compare(chosen, consumer)
    metrics = rows_of(parts, "metrics")
    assert [cell.tone for cell in metrics["rmse"].cells] == ["", "best"]
    assert [cell.tone for cell in metrics["accuracy"].cells] == ["", "best"]
    assert rows_of(parts, "parameters")["depth"].differs
    assert not rows_of(parts, "about")["Licence"].differs
    about = next(part for part in parts if part.key == "about")
    assert about.telling == [] and len(about.shared) == len(about.rows)


def test_prices_are_compared_by_the_thousand(scores, model, consumer, finance):
    chargeback.set_price(
        tenant=scores.tenant, model_id=scores.pk, model_slug="scores", meter="predictions",
        amount=Decimal("0.001"), per=1, currency="EUR", by=finance,
    )  # fmt: skip
    chosen = [picks.find(consumer, ref) for ref in ("scores", "digits")]
    row = rows_of(side_by_side.compare(chosen, consumer), "service")["Price per 1,000 calls"]
    assert [cell.words for cell in row.cells] == ["€1.00", "€0.40"]
    assert [cell.tone for cell in row.cells] == ["", ""]  # they do different things
    AIModel.objects.filter(slug="scores").update(task="classification")
    chosen = [picks.find(consumer, ref) for ref in ("scores", "digits")]
    row = rows_of(side_by_side.compare(chosen, consumer), "service")["Price per 1,000 calls"]
    assert [cell.tone for cell in row.cells] == ["", "best"]


def test_measured_service_stands_beside_its_target(model, scores, consumer):
    Target.objects.create(model=model, availability="99.9", latency_ms=200)
    Measured.objects.create(
        model=model, window=Window.MONTH, calls=1000, good=990, fast=980, p50_ms=12.5, p95_ms=40,
        measured_at=timezone.now(),
    )  # fmt: skip
    chosen = [picks.find(consumer, ref) for ref in ("digits", "scores")]
    service = rows_of(side_by_side.compare(chosen, consumer), "service")
    assert service["Latency, median"].cells[0].words == "12.5 ms"
    answered = service["Answered, 30 days"].cells[0]
    assert (answered.tone, answered.note) == ("warn", "target 99.9\N{NO-BREAK SPACE}%")
    assert service["Latency, median"].cells[1].value is None


def test_the_page_says_what_is_a_risk(client, scores, consumer):
    told = {"python": "3.11.9", "packages": RUNTIME.packages, "seen_at": timezone.now()}
    ServingRuntime.objects.create(**told)
    client.force_login(consumer)
    page = client.get("/models/compare/?m=scores@1&m=scores@2").content.decode()
    assert "Trained and served with different packages" in page
    assert "1.7.2 where it is served" in page and "not installed where it is served" in page
    assert "the same in all" in page


def test_the_page_without_runtime_says_that_nobody_knows(client, scores, consumer):
    client.force_login(consumer)
    page = client.get("/models/compare/?m=scores@2").content.decode()
    assert "is not known, so no risk is marked" in page and "different packages" not in page


def test_the_page_takes_four_and_says_what_is_left_out(client, scores, model, consumer):
    for number in (3, 4):
        factories.version(scores, number)
    client.force_login(consumer)
    asked = "&".join(f"m=scores@{n}" for n in (1, 2, 3, 4, 1))
    page = client.get(f"/models/compare/?{asked}&m=digits&m=nothing<b>").content.decode()
    assert "Left out: digits@1" in page and "nothing&lt;b&gt;" in page
    assert "Add a column" not in page
    assert "m=scores@2&amp;m=scores@3&amp;m=scores@4" in page  # the address without the first
    assert b"Nothing to compare yet" in client.get("/models/compare/").content


def test_by_rest(client, scores, consumer, model):
    client.force_login(consumer)
    body = client.get("/api/v1/models/compare/?a=scores@2&b=digits").json()
    assert [item["reference"] for item in body["items"]] == ["scores@2", "digits@1"]
    assert {part["key"] for part in body["parts"]} >= {"about", "service", "metrics"}
    assert body["runtime"] is None
    versions = client.get("/api/v1/models/scores/compare/?a=1&b=champion").json()
    assert [item["version"] for item in versions["items"]] == [1, 2]
    for query in ("", "?a=scores", "?a=scores&b=nothing"):
        answer = client.get(f"/api/v1/models/compare/{query}")
        assert answer.status_code == 400 and "b" in answer.json()["errors"]
    assert client.get("/api/v1/models/nothing/compare/?a=1&b=2").status_code == 404


def test_the_number_of_questions_is_fixed(client, scores, model, consumer):
    client.force_login(consumer)
    counts = []
    for query in ("m=scores&m=digits", "m=scores@1&m=scores@2&m=digits"):
        client.get(f"/models/compare/?{query}")
        with CaptureQueriesContext(connection) as seen:
            client.get(f"/models/compare/?{query}")
        counts.append(len(seen))
    assert counts[1] - counts[0] <= 3 and counts[0] <= 36, counts


def test_long_lists_are_cut_and_risks_come_first(scores, consumer):
    told = {f"p{n}": str(n) for n in range(40)}
    scores.versions.filter(number=2).update(parameters=told)
    chosen = [picks.find(consumer, ref) for ref in ("scores@1", "scores@2")]
    parts = {part.key: part for part in side_by_side.compare(chosen, consumer)}
    assert len(parts["parameters"].first) == side_by_side.FIRST
    assert len(parts["parameters"].more) == 41 - side_by_side.FIRST
    risky = side_by_side.Row("z", (side_by_side.Cell("1", tone="bad"), side_by_side.Cell("1")))
    part = side_by_side.Part("packages", "x", (*parts["parameters"].rows, risky))
    assert part.first[0] == risky


def test_a_column_is_added_by_words_and_leads_to_asking(client, scores, model, consumer):
    client.force_login(consumer)
    page = client.get("/models/compare/?m=what+scores+does").content.decode()
    assert "is taken as" in page and 'href="/models/scores/ask/"' in page
    assert '<option value="digits">' not in page  # nothing of the same task, nothing called yet
    AIModel.objects.filter(slug="scores").update(task="classification")
    assert '<option value="digits">' in client.get("/models/compare/?m=scores").content.decode()
