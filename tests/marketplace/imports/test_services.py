"""From a file to references: nothing is lost, nothing happens twice, all of it can be undone."""

import gzip
import os
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied

from marketplace.access import services as access
from marketplace.catalog import services as catalog
from marketplace.catalog.models import AIModel, External
from marketplace.catalog.services import following
from marketplace.engines.fake import FakeRegistry
from marketplace.imports import services
from marketplace.imports.lifecycle import ImportStatus
from marketplace.imports.models import Import, ImportFile
from marketplace.imports.services import working
from portal.audit.models import Event
from portal.core.errors import Conflict, Refused
from tests.marketplace.imports.conftest import BIDI, SCRIPT, file, rows

SHARED = Path(os.environ.get("MILLWRIGHT_SHARED_DATA", "")) / "model_catalogue_research.csv.gz"


def fates(subject: Import) -> dict:
    return {row.line: (row.outcome, row.why) for row in subject.rows.all()}


def test_every_row_has_one_fate(bring):
    done = bring(file([*rows(), rows()[0], {"source": "zoo"}]))
    assert done.status == ImportStatus.DONE, done.why
    assert done.counts == {"created": 39, "refused": 2}
    assert done.total == done.done == sum(done.counts.values()) == done.rows.count() == 41
    assert External.objects.count() == AIModel.objects.filter(status="reference").count() == 39
    refused = [row.why for row in done.rows.filter(outcome="refused")]
    assert "already on line 2, word for word" in refused[0] and "no name" in refused[1]


def test_a_second_import_changes_nothing(bring):
    bring(file())
    before = list(AIModel.objects.order_by("pk").values())
    again = bring(file())
    assert again.counts == {"unchanged": 39}
    assert list(AIModel.objects.order_by("pk").values()) == before


def test_a_check_tells_the_same_and_changes_nothing(bring):
    checked = bring(file(), "check")
    assert checked.status == ImportStatus.CHECKED and checked.counts == {"created": 39}
    assert not External.objects.exists() and not checked.touched
    services.run(checked, by=checked.by)
    services.work(checked.pk)
    checked.refresh_from_db()
    assert checked.counts == {"created": 39} and checked.rows.count() == 39


def test_tasks_of_several_vocabularies_become_one(bring):
    done = bring(file())
    task = dict(External.objects.values_list("key", "model__task"))
    assert task["eyes-1"] == "object-detection" and task["talk"] == "chat"
    assert task["odd"] == "fortune telling" and task["model-7"] == "text-to-speech"
    assert External.objects.get(key="talk").facts["Also"] == "vision, tools"
    assert ["tts", "text-to-speech", 30] in done.normalised["Tasks"]
    assert done.normalised["Tasks on no list, kept as written"] == [["fortune-telling", "kept", 1]]
    licences = dict(External.objects.values_list("key", "model__licence"))
    assert licences["eyes-1"] == "Apache-2.0" and licences["talk"] == "MIT"
    assert External.objects.get(key="long-terms").facts["Licence text"].endswith("x")


def test_text_stays_text_and_nothing_hidden_comes_in(bring):
    done = bring(file())
    model = AIModel.objects.get(name=SCRIPT)
    assert model.card.startswith(SCRIPT)
    assert AIModel.objects.get(name="=1+1").tags == {"Tags": "@SUM(A1)"}
    plain = AIModel.objects.get(name=BIDI.replace("\u202e", ""))
    assert plain.card == "Line one\nLine two"
    assert ["U+202E", "taken out", 1] in done.normalised["Characters that nobody sees"]


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"name": "a\0b"}, "NUL"),
        ({"name": "n", "description": "x" * 1_048_576}, "1,048,576 characters"),
        ({"name": "n" * 121}, "121 characters; 120 are the most"),
        ({"name": "  \u200b "}, "no name"),
        ({"name": "n", "tags": "t" * 1001}, "1,001 characters"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_column(bring, broken, why):
    done = bring(file([{"source": "s", **broken}, {"source": "s", "name": "fine"}]))
    assert done.counts == {"refused": 1, "created": 1}
    row = done.rows.get(outcome="refused")
    assert why in row.why and row.line == 2 and len(row.excerpt) <= 160 and row.column


def test_only_what_the_source_changed_is_changed(bring):
    bring(file())
    told = rows()
    told[0]["description"] = "Sees better."
    done = bring(file(told))
    assert done.counts == {"changed": 1, "unchanged": 38}
    model = External.objects.get(key="eyes-1").model
    assert model.card == "Sees better." and model.slug == "zoo-eyes-1"


def test_an_import_is_undone(bring, operator):
    bring(file(rows()[:3]))
    told = [*rows()[:4]]
    told[0]["description"] = "Sees better."
    second = bring(file(told))
    services.undo(second, by=operator)
    services.work(second.pk)
    second.refresh_from_db()
    assert second.status == ImportStatus.UNDONE
    assert second.undone == {"removed": 1, "restored": 1}
    assert External.objects.count() == 3
    assert External.objects.get(key="eyes-1").model.card == ""


def test_what_was_changed_since_stays_and_says_why(bring, operator):
    first = bring(file(rows()[:2]))
    told = rows()[:2]
    told[0]["description"] = "Sees better."
    bring(file(told))
    services.undo(first, by=operator)
    services.work(first.pk)
    first.refresh_from_db()
    assert first.undone == {"removed": 1, "kept": 1}
    assert "later import" in first.rows.get(undoing="kept").undoing_why


def test_what_somebody_uses_stays(bring, operator, monkeypatch):
    done = bring(file(rows()[:2]))
    monkeypatch.setattr(catalog.references, "used_by", lambda model: ["2 ratings"])
    services.undo(done, by=operator)
    services.work(done.pk)
    done.refresh_from_db()
    assert done.undone == {"kept": 2} and External.objects.count() == 2
    assert "2 ratings" in done.rows.first().undoing_why


def test_a_dead_worker_is_taken_over(operator, monkeypatch):
    monkeypatch.setattr(working, "CHUNK", 10)
    made = services.upload("models.csv", file(), by=operator)
    services.run(made, by=operator)

    def die(subject):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        services.work(made.pk, told=die)
    made.refresh_from_db()
    assert made.status == ImportStatus.RUNNING and made.done == 10
    services.work(made.pk)
    made.refresh_from_db()
    assert made.status == ImportStatus.DONE and made.counts == {"created": 39}


def test_a_reference_is_not_served_priced_asked_for_or_followed(bring, consumer, claims, owner):
    bring(file(rows()[:1]))
    model = AIModel.objects.get(status="reference")
    assert not model.listed and AIModel.objects.listed_to(consumer).filter(pk=model.pk).exists()
    told = {"environment": "production", "purpose": "Try it", "expected_calls_per_month": 1}
    with pytest.raises(Refused):
        access.submit(model, claims, by=consumer, duration_days=1, **told)
    with pytest.raises(PermissionDenied):
        catalog.publish(model, by=owner, visibility="everyone", amount=1)
    with pytest.raises((Refused, PermissionDenied)):
        catalog.claim(model, claims, by=owner)


def test_following_the_registry_leaves_references_alone(bring, monkeypatch):
    bring(file(rows()[:1]))
    monkeypatch.setattr(following, "registry", FakeRegistry)
    before = AIModel.objects.filter(status="reference").values().get()
    catalog.follow_registry()
    assert AIModel.objects.filter(status="reference").values().get() == before


def test_one_tenant_alone_finds_them(bring, claims, consumer, stranger):
    bring(file(rows()[:2]), tenant=claims)
    assert AIModel.objects.listed_to(consumer).filter(status="reference").count() == 2
    assert not AIModel.objects.listed_to(stranger).filter(status="reference").exists()


@pytest.mark.parametrize("name", ["owner", "governor", "auditor", "finance"])
def test_only_operators_import(request, name, bring, db):
    user = request.getfixturevalue(name)
    with pytest.raises(PermissionDenied):
        services.upload("models.csv", file(), by=user)
    done = bring(file(rows()[:1]))
    for verb in (services.check, services.run, services.undo, services.drop):
        with pytest.raises(PermissionDenied):
            verb(done, by=user)


def test_everything_is_in_the_trail(bring, operator):
    done = bring(file(rows()[:2]))
    lines = Event.objects.about(done).newest_first()
    assert [line.verb for line in lines] == [
        "done",
        "running",
        "mapped the columns of",
        "uploaded",
    ]
    model = AIModel.objects.filter(status="reference").first()
    line = Event.objects.about(model).newest_first().first()
    assert line.verb == "was imported" and line.actor == "operator"


def test_a_finished_import_keeps_no_file_and_cannot_run_again(bring, operator):
    done = bring(file(rows()[:1]))
    assert not ImportFile.objects.filter(of=done).exists()
    for verb in (services.run, services.check, services.drop):
        with pytest.raises(Exception, match=r"imported|has changed|become"):
            verb(done, by=operator)
    with pytest.raises(Conflict):
        services.map_columns(done, by=operator, mapping=done.mapping)


@pytest.mark.skipif(not SHARED.is_file(), reason="MILLWRIGHT_SHARED_DATA names no folder with it")
def test_the_real_catalogue_comes_in_whole(bring):
    content = SHARED.read_bytes()
    total = gzip.decompress(content).decode().count("\n") - 1
    first = bring(content)
    assert first.status == ImportStatus.DONE, first.why
    assert first.total == total == sum(first.counts.values())
    assert all(row.why and row.excerpt for row in first.rows.filter(outcome="refused"))
    again = bring(content)
    assert again.counts["unchanged"] == first.counts["created"]
    assert again.counts.get("refused") == first.counts.get("refused")
    assert set(again.counts) == {"unchanged", "refused"}
