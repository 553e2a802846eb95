"""The start page, the services and the help."""

import http.server
import threading

import pytest

from compute.jobs.models import Job
from portal.console import condition
from portal.notices.models import Notice
from tests.portal.people import signed_in

CAST = ["owner", "publisher", "consumer", "stranger", "operator", "governor", "finance", "auditor"]


@pytest.mark.parametrize("name", CAST)
def test_everybody_has_a_start_page(client, request, model, name):
    answer = signed_in(client, request.getfixturevalue(name)).get("/")
    assert answer.status_code == 200


def test_a_newcomer_sees_the_first_steps(client, consumer, model):
    answer = signed_in(client, consumer).get("/")
    assert [step["state"] for step in answer.context["steps"]] == ["now", "", "", ""]
    assert b"Your teams hold no access yet" in answer.content


def test_somebody_without_a_role_is_told_what_to_do(client, world, operator):
    person = type(operator).objects.create_user("nobody", email="nobody@example.org")
    assert b"You have no role yet" in signed_in(client, person).get("/").content


def test_notices_of_others_are_not_mine(client, consumer, owner, vision, claims):
    Notice.objects.create(tenant=vision, person=owner, title="For the owner", href="/models/")
    Notice.objects.create(
        tenant=claims, person=consumer, title="For the consumer", href="/models/"
    )
    page = signed_in(client, consumer).get("/").content
    assert b"For the consumer" in page and b"For the owner" not in page


def test_services_that_do_not_answer_are_named_and_nobody_waits(client, operator, settings):
    settings.GATEWAY_URL = "http://127.0.0.1:1"
    settings.MLFLOW_TRACKING_URI = "http://127.0.0.1:1"
    page = signed_in(client, operator).get("/status/services/").content.decode()
    assert "2 of 6 do not answer" in page
    assert page.count("no answer") == 2 and "not set up" in page


def test_a_service_that_hangs_costs_little_time(settings, db):
    silent = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    try:
        settings.GATEWAY_URL = f"http://127.0.0.1:{silent.server_port}"
        gateway = condition.ask_all()[-1]
        assert not gateway.up and 1000 < gateway.milliseconds < 4000
    finally:
        silent.server_close()


def test_a_service_that_answers_is_up(settings, db):
    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.handle_request, daemon=True).start()
    settings.GATEWAY_URL = f"http://127.0.0.1:{server.server_port}"
    gateway = condition.ask_all()[-1]
    server.server_close()
    assert gateway.up


@pytest.mark.parametrize(
    ("up", "told"), [(True, "All systems in order"), (False, "No answer: gateway")]
)
def test_the_foot_of_every_page_tells_the_condition(monkeypatch, up, told):
    service = condition.Service("Gateway", "Calls", up=up)
    monkeypatch.setattr(condition.watch, "look", lambda: [service])
    assert condition.condition().label == told


@pytest.mark.parametrize("path", ["/help/", "/help/recorded/"])
def test_the_help_is_there_before_signing_in(client, db, path):
    answer = client.get(path)
    assert answer.status_code == 200 and b"<h2>" in answer.content


@pytest.mark.parametrize("path", ["/", "/status/", "/status/services/"])
def test_everything_else_wants_a_sign_in(client, db, path):
    assert client.get(path)["Location"].startswith("/accounts/login/")


def test_the_foot_of_the_navigation_names_region_and_version(client, consumer, settings):
    settings.REGION = "eu-central"
    page = signed_in(client, consumer).get("/").content.decode()
    assert f"Region eu-central · {settings.VERSION}" in page
    settings.REGION = ""
    assert "Region" not in client.get("/").content.decode()


def test_my_jobs_are_on_my_desk_those_that_run_first(client, consumer, claims, stranger):
    for name, status in (("First", "running"), ("Second", "succeeded")):
        Job.objects.create(tenant=claims, person=consumer, name=name, status=status)
    rows = signed_in(client, consumer).get("/").context["jobs"]
    assert [row.job.name for row in rows] == ["First", "Second"]
    assert signed_in(client, stranger).get("/").context["jobs"] == []
