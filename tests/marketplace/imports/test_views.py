"""The pages of imports, for operators and for those who look on."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from marketplace.catalog.filters import Shelf
from marketplace.catalog.models import AIModel
from marketplace.imports import services
from marketplace.imports.models import Import
from tests import factories
from tests.marketplace.imports.conftest import BIDI, SCRIPT, file, rows
from tests.portal.people import signed_in

RAW = ("<script>alert", "onerror=alert(2)>", 'javascript:alert(3)"')


PARTS = ("versions", "service-level", "service-level/summary", "ask", "use", "feedback", "usage")


@pytest.fixture
def desk(client, operator):
    """The browser of an operator."""
    return signed_in(client, operator)


def test_from_a_file_to_the_end_of_its_undoing(desk):
    sent = {"file": SimpleUploadedFile("zoo.csv", file()), "source": ""}
    answer = desk.post("/imports/new/", sent, follow=True)
    assert b"What the columns mean" in answer.content and b"eyes-1" in answer.content
    made = Import.objects.get()
    told = {f"column-{n}": made.mapping[c] for n, c in enumerate(made.reading["header"])}
    page = desk.post(f"/imports/{made.pk}/columns/", {**told, "then": "check"}, follow=True)
    assert b"Looking at every row" in page.content
    services.work(made.pk)
    page = desk.get(f"/imports/{made.pk}/").content
    assert b"Nothing is imported yet" in page and b"None is missing" in page
    for verb, words in (("run", b"Undo the import"), ("undo", b"39 removed")):
        desk.post(f"/imports/{made.pk}/{verb}/")
        assert b"hx-trigger" in desk.get(f"/imports/{made.pk}/").content
        assert "HX-Refresh" not in desk.get(f"/imports/{made.pk}/progress/").headers
        services.work(made.pk)
        assert desk.get(f"/imports/{made.pk}/progress/").headers["HX-Refresh"] == "true"
        assert words in desk.get(f"/imports/{made.pk}/").content
    assert not AIModel.objects.exists()


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", b"The file is empty"), (b"PK\x03\x04", b"save the sheet as CSV")],
)
def test_a_file_that_is_none_is_refused_at_the_form(desk, content, why):
    sent = {"file": SimpleUploadedFile("zoo.csv", content), "source": "kept"}
    answer = desk.post("/imports/new/", sent)
    assert answer.status_code == 422 and why in answer.content
    assert b'value="kept"' in answer.content


def test_a_mapping_that_does_not_fit_keeps_what_was_chosen(desk, operator):
    made = services.upload("zoo.csv", b"a,b\n1,2\n", by=operator)
    answer = desk.post(f"/imports/{made.pk}/columns/", {"column-0": "task", "then": "check"})
    assert answer.status_code == 422 and b"holds the name" in answer.content
    assert b'<option value="task" selected>' in answer.content


def test_hostile_text_is_inert_wherever_it_stands(desk, bring):
    done = bring(file([*rows(), {"source": "x", "name": SCRIPT, "tags": "\0"}]))
    model = AIModel.objects.get(name=SCRIPT)
    pages = [
        f"/imports/{done.pk}/", f"/imports/{done.pk}/?show=refused", "/models/",
        model.get_absolute_url(), "/models/?q=alert", "/palette/?q=script",
        f"/audit/story/marketplace.aimodel/{model.pk}/",
    ]  # fmt: skip
    for page in pages:
        text = desk.get(page).content.decode()
        assert not [raw for raw in RAW if raw in text], page
        assert "\u202e" not in text and BIDI not in text


def test_the_report_holds_every_row_and_no_formula(desk, bring):
    done = bring(file([*rows(), {"source": "x", "name": "", "tags": "=HYPERLINK(1)"}]))
    text = desk.get(f"/imports/{done.pk}/report.csv").content.decode("utf-8-sig")
    told = list(csv.DictReader(io.StringIO(text)))
    assert len(told) == 40 and told[-1]["why"] == "The row has no name."
    assert not [cell for row in told for cell in row.values() if cell.startswith(("=", "@", "+"))]
    assert "'=1+1" in {row["key"] for row in told}


@pytest.mark.parametrize("name", ["governor", "auditor"])
def test_those_who_look_on_see_and_change_nothing(client, request, bring, name):
    done = bring(file(rows()[:2]))
    page = signed_in(client, request.getfixturevalue(name))
    shown = page.get(f"/imports/{done.pk}/").content
    assert b"None is missing" in shown and b"Undo the import" not in shown
    assert b"Import a file" not in page.get("/imports/").content
    assert page.post(f"/imports/{done.pk}/undo/").status_code == 403


def test_a_reference_says_what_it_is(client, consumer, bring):
    bring(file([rows()[0] | {"url": "https://example.org/eyes", "params_m": "31"}]))
    page = signed_in(client, consumer).get("/models/zoo-eyes-1/").content.decode()
    assert "External, not served here" in page and "https://example.org/eyes" in page
    assert "Ask for access" not in page and "not set yet" not in page
    assert signed_in(client, consumer).get("/models/zoo-eyes-1/ask/").status_code == 404


def test_pages_ask_a_constant_number_of_questions(desk, bring):
    few, many = bring(file(rows()[:1])), bring(file())
    counts = []
    for done in (few, many):
        desk.get(f"/imports/{done.pk}/")
        with CaptureQueriesContext(
            connection,
        ) as asked:
            desk.get(f"/imports/{done.pk}/")
        counts.append(len(asked))
    assert counts[0] == counts[1] < 30


def test_a_reference_has_no_pages_of_what_is_served(bring, desk):
    bring(file())
    slug = AIModel.objects.filter(status="reference").first().slug
    assert desk.get(f"/models/{slug}/").status_code == 200
    answers = {part: desk.get(f"/models/{slug}/{part}/").status_code for part in PARTS}
    assert set(answers.values()) == {404}, answers
    refused = desk.get(f"/models/{slug}/edit/")
    assert refused.status_code == 403
    assert b"It is described here and served elsewhere" in refused.content


def test_references_are_elsewhere_and_come_after_what_is_served(bring, vision, consumer):
    bring(file())
    factories.model("zzz-own", vision)
    shelf = Shelf(consumer, QueryDict(""))
    access = next(facet for facet in shelf.facets if facet.name == "access")
    assert {o.value: o.count for o in access.options} == {"ask": 1, "elsewhere": 39}
    assert next(iter(shelf.page(None))).slug == "zzz-own"
    assert Shelf(consumer, QueryDict("access=elsewhere")).total == 39
