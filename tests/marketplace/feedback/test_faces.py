"""Pages and REST resources of feedback: who reads what, and what stays in the form."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace.feedback import services as feedback
from marketplace.feedback.models import Rating, Report
from portal.core import tenancy
from tenants.directory import services as directory
from tests import factories
from tests.conftest import person
from tests.marketplace.feedback.conftest import hold

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>{{ 7|add:7 }}"


@pytest.fixture
def private(held, consumer):
    return feedback.report(held, by=consumer, title="Only for vision", example="secret-example")


def say(client, path, body):
    return client.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json")


def test_everybody_reads_stars_and_public_problems_without_names(
    client, report, private, consumer, stranger
):
    feedback.rate(report.model, by=consumer, stars=4, sentence="Reads our forms")
    client.force_login(stranger)
    page = client.get("/models/digits/feedback/?show=all").content.decode()
    assert "Reads our forms" in page and "Reads 7 as 1" in page and "4.0" in page
    assert "Only for vision" not in page and "consumer" not in page and "claims" not in page
    thread = client.get(f"/feedback/{report.pk}/").content.decode()
    assert "When the bar is missing" in thread
    assert "consumer" not in thread and "claims" not in thread and "Open the example" not in thread
    assert client.get(f"/feedback/{private.pk}/").status_code == 404


def test_the_two_sides_read_names(client, report, private, consumer, publisher):
    for who in (consumer, publisher):
        client.force_login(who)
        page = client.get("/models/digits/feedback/").content.decode()
        assert "Only for vision" in page and "consumer of claims" in page
        listed = client.get("/feedback/?show=open").content.decode()
        assert "Only for vision" in listed and "Reads 7 as 1" in listed


def test_the_example_is_shown_to_the_two_sides(client, private, publisher, stranger, operator):
    client.force_login(publisher)
    assert b"secret-example" in client.get(f"/feedback/{private.pk}/example/").content
    client.force_login(stranger)
    assert client.get(f"/feedback/{private.pk}/example/").status_code == 404
    client.force_login(operator)
    assert client.get(f"/feedback/{private.pk}/example/").status_code == 403
    assert b"secret-example" not in client.get(f"/feedback/{private.pk}/").content


def test_a_report_is_made_and_fixed_on_pages(client, held, consumer, publisher):
    client.force_login(consumer)
    form = client.get("/models/digits/feedback/report/").content.decode()
    assert "Let everybody who finds the model read this report" in form
    given = {"title": "Slow at noon", "version": "1", "example": '{"a": 1}', "public": "on"}
    made = client.post("/models/digits/feedback/report/", given)
    assert made.status_code == 302
    path = made["location"]
    client.force_login(publisher)
    assert client.post(f"{path}confirm/", {"note": "Seen"}).status_code == 302
    assert client.post(f"{path}reply/", {"text": "Since when?"}).status_code == 302
    assert b"name a later one" in client.post(f"{path}fix/", {"version": "1"}).content
    factories.version(held, 2)
    assert client.post(f"{path}fix/", {"version": "2"}).status_code == 302
    page = client.get(path).content.decode()
    assert "Since when?" in page and "fixed in version 2" in page


def test_what_was_typed_stays_when_it_is_refused(client, report, consumer, publisher):
    client.force_login(consumer)
    long = {"title": "x" * 200, "text": "kept words"}
    answer = client.post("/models/digits/feedback/report/", long)
    assert answer.status_code == 422 and b"kept words" in answer.content
    answer = client.post("/models/digits/feedback/rate/", {"sentence": "kept sentence"})
    assert answer.status_code == 422 and b"kept sentence" in answer.content
    client.force_login(publisher)
    answer = client.post(f"/feedback/{report.pk}/decline/", {"note": ""})
    assert answer.status_code == 422 and b"Say why it stays as it is" in answer.content


def test_hostile_text_stays_text(client, held, consumer, publisher):
    feedback.rate(held, by=consumer, stars=1, sentence=HOSTILE)
    made = feedback.report(
        held, by=consumer, title=HOSTILE, text=HOSTILE, example=HOSTILE, public=True
    )
    feedback.reply(made, by=publisher, text=HOSTILE)
    feedback.decline(made, by=publisher, note=HOSTILE)
    client.force_login(consumer)
    there = f"/feedback/{made.pk}/"
    paths = ["/models/digits/feedback/?show=all", "/feedback/?show=solved", there]
    for path in [*paths, f"{there}example/", "/models/digits/", "/notices/"]:
        page = client.get(path).content.decode()
        assert "<script>alert" not in page and "<img src=x" not in page, path
        assert "{{ 7|add:7 }}" in page or path in ("/models/digits/", "/notices/"), path


@pytest.mark.parametrize(
    ("who", "path"), [("owner", "rate"), ("stranger", "rate"), ("stranger", "report")]
)
def test_forms_are_for_who_may_speak(client, held, who, path, request):
    client.force_login(request.getfixturevalue(who))
    answer = client.get(f"/models/digits/feedback/{path}/")
    assert answer.status_code == 403 and b"Only people whose team" in answer.content


def test_a_rating_is_changed_and_taken_back_on_pages(client, held, consumer):
    client.force_login(consumer)
    for stars in ("2", "5"):
        client.post("/models/digits/feedback/rate/", {"stars": stars, "sentence": "So it is"})
    assert Rating.objects.get().stars == 5
    assert b"checked" in client.get("/models/digits/feedback/rate/").content
    client.post("/models/digits/feedback/take-back/")
    assert not Rating.objects.exists()
    assert client.post("/models/digits/feedback/take-back/").status_code == 404


def test_feedback_by_rest(client, held, consumer, stranger):
    client.force_login(consumer)
    rated = say(client, "models/digits/feedback/", {"kind": "rating", "stars": 5, "sentence": "A"})
    assert rated.status_code == 201 and rated.json()["person"] == "consumer"
    wrong = {"kind": "problem", "title": "Wrong", "example": {"x": [1]}, "public": True}
    made = say(client, "models/digits/feedback/", wrong)
    assert made.status_code == 201 and made.json()["status"] == "open"
    path = f"feedback/{made.json()['id']}/"
    assert client.get(f"/api/v1/{path}example/").json() == {"example": '{"x": [1]}'}
    client.force_login(stranger)
    body = client.get(f"/api/v1/models/{held.pk}/feedback/").json()
    assert body["summary"] == {"average": 5.0, "count": 1, "by_stars": [1, 0, 0, 0, 0], "open": 1}
    assert [row["kind"] for row in body["results"]] == ["problem", "rating"]
    assert {row["person"] for row in body["results"]} == {""}
    only = client.get("/api/v1/models/digits/feedback/?kind=rating&page_size=1").json()
    assert only["count"] == 1 and only["results"][0]["stars"] == 5
    assert client.get(f"/api/v1/{path}").json()["reporter"] == ""
    assert client.get(f"/api/v1/{path}example/").status_code == 403
    assert client.get("/api/v1/feedback/").json()["count"] == 0


def test_verbs_by_rest(client, report, publisher, consumer):
    client.force_login(publisher)
    path = f"feedback/{report.pk}/"
    assert client.get("/api/v1/feedback/?to_answer=true").json()["count"] == 1
    assert (
        say(client, f"{path}reply/", {"text": "Which?"}).json()["thread"][0]["who"] == "publisher"
    )
    assert say(client, f"{path}confirm/", {}).json()["status"] == "confirmed"
    assert say(client, f"{path}fix/", {"version": 7}).status_code == 422
    assert say(client, f"{path}fix/", {}).status_code == 422
    assert say(client, f"{path}fix/", {"version": 1}).status_code == 422
    factories.version(report.model, 2)
    assert say(client, f"{path}fix/", {"version": 2}).json()["fixed_in"] == 2
    assert say(client, f"{path}decline/", {"note": "No"}).status_code == 409
    assert say(client, f"{path}close/", {}).status_code == 403
    client.force_login(consumer)
    assert say(client, f"{path}reopen/", {}).status_code == 422
    assert say(client, f"{path}reopen/", {"note": "No"}).json()["status"] == "open"
    assert say(client, f"{path}close/", {}).json()["status"] == "closed"


@pytest.mark.parametrize(
    "body",
    [
        {}, [], "text", {"kind": "praise"}, {"kind": "rating"}, {"kind": "problem"},
        {"kind": "rating", "stars": 9, "sentence": "x"}, {"kind": "problem", "title": "\0"},
        {"kind": "rating", "stars": "five", "sentence": "x"},
        {"kind": "problem", "title": "x", "version": 10**30},
        {"kind": "problem", "title": "x", "example": "x" * 70_000},
        {"kind": "problem", "title": "x", "tenant": "moon"},
    ],
)  # fmt: skip
def test_bad_bodies_are_a_problem(client, held, consumer, body):
    client.force_login(consumer)
    answer = say(client, "models/digits/feedback/", body)
    assert answer.status_code in {400, 422}, answer.content
    assert not Report.objects.exists()


@pytest.mark.parametrize("path", ["/models/digits/feedback/", "/api/v1/models/digits/feedback/"])
def test_the_number_of_questions_does_not_grow(client, held, claims, stranger, path):
    counts = []
    for size in (1, 9):
        with tenancy.as_system():
            for n in range(Rating.objects.count(), size):
                who = person(f"person-{n}", claims, "consumer")
                feedback.rate(held, by=who, stars=4, sentence="Fine")
                made = feedback.report(held, by=who, title=f"Wrong {n}", public=True)
                feedback.reply(made, by=who, text="More")
        client.force_login(stranger)
        client.get(path)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(path).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 52, counts


def test_a_person_of_two_teams_chooses(client, held, claims, retail):
    for tenant in (retail, held.tenant):
        hold(tenant, held)
    both = person("both", retail, "consumer")
    directory.seat(both, claims, "consumer", by=None)
    client.force_login(both)
    assert b"For which team" in client.get("/models/digits/feedback/report/").content
    given = {"kind": "problem", "title": "Wrong", "tenant": "retail"}
    assert say(client, "models/digits/feedback/", given).json()["team"] == "retail"
    assert say(client, "models/digits/feedback/", given | {"tenant": "vision"}).status_code == 403


def test_it_affects_me_too_on_pages_and_by_rest(client, report, retail, stranger, publisher):
    hold(retail, report.model)
    client.force_login(stranger)
    there = f"/feedback/{report.pk}/"
    assert "It affects me too" in client.get(there).content.decode()
    assert client.post(f"{there}affects/").status_code == 302
    page = client.get(there).content.decode()
    assert "1 more person affected, you among them" in page and "It no longer affects me" in page
    assert "1 more affected" in client.get("/models/digits/feedback/").content.decode()
    body = say(client, f"feedback/{report.pk}/spares/", {}).json()
    assert (body["affected"], body["affects_me"]) == (0, False)
    assert say(client, f"feedback/{report.pk}/affects/", {"tenant": "claims"}).status_code == 403
    body = say(client, f"feedback/{report.pk}/affects/", {"tenant": "retail"}).json()
    assert (body["affected"], body["affects_me"]) == (1, True)
    client.force_login(publisher)
    listed = client.get("/feedback/?show=open").content.decode()
    assert "1 more affected" in listed and "stranger" not in listed
