"""Jobs by program: submit, read, wish, and the templates of a team."""

from datetime import timedelta

import pytest
from django.utils import timezone

from compute.capacity.models import EngineKind
from compute.jobs import services
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Estimate, Job, Template
from tests.compute.jobs.stage import attempt_name, fresh

ASKED = {
    "tenant": "claims", "name": "train", "command": ["python", "train.py"],
    "needs": {"gpus": "1", "gpu_memory_gb": 40, "cpu": "4", "memory_gb": "16", "nodes": 1},
    "time_limit_s": 600, "priority": "low", "retries": 2,
}  # fmt: skip


def post(client, user, path, body=None, status=201, **headers):
    client.force_login(user)
    answer = client.post(
        f"/api/v1/{path}", body or {}, content_type="application/json", headers=headers
    )
    assert answer.status_code == status, answer.content
    return answer.json()


def get(client, user, path, status=200):
    client.force_login(user)
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == status, answer.content
    return answer.json()


@pytest.fixture
def running(job, engine):
    services.converge(job.pk)
    engine.run(attempt_name(job))
    services.converge(job.pk)
    return fresh(job)


def test_a_job_is_submitted_by_slug_or_id(client, consumer, claims, a100):
    for tenant in ("claims", str(claims.pk)):
        made = post(client, consumer, "jobs/", ASKED | {"tenant": tenant})
        job = Job.objects.get(pk=made["id"])
        assert (job.tenant, job.person, job.priority) == (claims, consumer, "low")
        assert made["status"] == "submitted" and made["needs"]["gpus"] == "1.00"
        assert made["cost_so_far"] is None
        assert [(one["number"], one["ordered_at"]) for one in made["attempts"]] == [(1, None)]


@pytest.mark.parametrize(
    ("command", "stored"),
    [
        ("python train.py --lr 0.1", ["python", "train.py", "--lr", "0.1"]),
        ("python a.py | tee out", ["sh", "-c", "python a.py | tee out"]),
        ("LR=1 python a.py", ["sh", "-c", "LR=1 python a.py"]),
        (["echo", "a b"], ["echo", "a b"]),
    ],
)
def test_a_command_is_a_list_or_a_line(client, consumer, a100, command, stored):
    made = post(client, consumer, "jobs/", ASKED | {"command": command})
    assert Job.objects.get(pk=made["id"]).command == stored


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"needs": {"gpus": "64"}}, "gpus"), ({"needs": {"gpus": -1}}, "needs.gpus"),
        ({"priority": "urgent"}, "priority"), ({"variables": {"API_KEY": "x"}}, "variables"),
        ({"command": []}, "command"), ({"tenant": "nobody"}, "tenant"),
        ({"time_limit_s": 0}, "time_limit_s"), ({"template": "none"}, "template"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(client, consumer, a100, wrong, field):
    client.force_login(consumer)
    answer = client.post("/api/v1/jobs/", ASKED | wrong, content_type="application/json")
    assert answer.status_code in (400, 422), answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert field in answer.json()["errors"]
    assert not Job.objects.exists()


def test_the_same_key_makes_one_job(client, consumer, a100):
    key = {"Idempotency-Key": "once"}
    first = post(client, consumer, "jobs/", ASKED, **key)
    assert post(client, consumer, "jobs/", ASKED, **key)["id"] == first["id"]
    assert Job.objects.count() == 1


def test_a_list_is_narrowed_and_paged_by_cursor(client, consumer, stranger, claims, a100):
    for number in range(3):
        post(client, consumer, "jobs/", ASKED | {"name": f"train {number}"})
    body = get(client, consumer, "jobs/?page_size=2&mine=true&unfinished=true")
    assert [row["name"] for row in body["results"]] == ["train 2", "train 1"]
    rest = client.get(body["next"]).json()
    assert [row["name"] for row in rest["results"]] == ["train 0"]
    assert get(client, consumer, "jobs/?search=train 1")["results"][0]["name"] == "train 1"
    for query in ("status=running", "tenant=vision", "needs_a_change=true", "person=nobody"):
        assert get(client, consumer, f"jobs/?{query}")["results"] == []
    assert get(client, stranger, "jobs/")["results"] == []
    get(client, consumer, "jobs/?colour=red", 400)


def test_a_job_tells_how_it_stands(client, running, consumer, operator):
    body = get(client, consumer, f"jobs/{running.pk}/")
    assert body["status"] == "running" and body["cost_so_far"]["currency"] == "EUR"
    assert body["attempts"][0]["number"] == 1 and body["runs"][0]["flavour"] == "a100"
    assert body["runs"][0]["node"] is None and body["runs"][0]["ended_at"] is None
    assert get(client, operator, f"jobs/{running.pk}/")["runs"][0]["node"]
    told = get(client, consumer, f"jobs/{running.pk}/events/")["results"]
    assert {"submitted", "running"} <= {line["kind"] for line in told}


def test_when_a_job_should_start_is_a_range(client, job, consumer):
    services.converge(job.pk)
    told = Estimate.objects.create(
        tenant=job.tenant, job_id=job.pk, low=job.created_at, high=job.created_at,
        method="queue", first=False,
    )  # fmt: skip
    assert set(get(client, consumer, f"jobs/{job.pk}/")["expected_start"]) == {"low", "high"}
    told.delete()
    assert get(client, consumer, f"jobs/{job.pk}/")["expected_start"] is None


def test_wishes(client, running, engine, consumer, stranger, auditor):
    at = f"jobs/{running.pk}/"
    assert (
        post(client, consumer, f"{at}prioritise/", {"priority": "low"}, 202)["priority"] == "low"
    )
    post(client, consumer, f"{at}prioritise/", {"priority": "urgent"}, 422)
    post(client, auditor, f"{at}cancel/", status=403)
    post(client, stranger, f"{at}cancel/", status=404)
    post(client, consumer, f"{at}retry/", status=409)
    assert post(client, consumer, f"{at}cancel/", {"reason": "Slip"}, 202)["cancel_asked_at"]
    services.converge(running.pk)
    engine.finish(attempt_name(running), exit_code=1)
    services.converge(running.pk)
    assert post(client, consumer, f"{at}retry/")["id"] != str(running.pk)


def test_an_estimate_says_whether_it_fits_when_and_at_what_cost(client, consumer, a100):
    asked = {"tenant": "claims", "needs": {"gpus": "1"}, "time_limit_s": 7200}
    body = post(client, consumer, "jobs/estimate/", asked, 200)
    assert body["fits"] is True and body["flavour"] == "a100"
    assert body["cost_at_limit"] == {"amount": "7.20", "currency": "EUR"}
    body = post(client, consumer, "jobs/estimate/", asked | {"needs": {"gpus": "64"}}, 200)
    assert body["fits"] is False and body["why"]
    assert not Job.objects.exists()


def test_a_template_is_kept_changed_and_started_from(client, consumer, owner, stranger, a100):
    asked = {"tenant": "claims", "name": "Nightly", "command": "python night.py",
             "needs": {"gpus": "1"}, "time_limit_s": 60, "description": "Each night"}  # fmt: skip
    kept = post(client, consumer, "job-templates/", asked)
    at = f"/api/v1/job-templates/{kept['id']}/"
    changed = client.patch(at, {"retries": 3}, content_type="application/json").json()
    assert changed["asks"]["retries"] == 3 and changed["asks"]["time_limit_s"] == 60
    made = post(client, consumer, "jobs/", {"tenant": "claims", "template": "nightly"})
    assert (made["name"], made["retries"]) == ("Nightly", 3)
    assert made["template"] == kept["id"] and made["time_limit_s"] == 60
    post(client, stranger, f"job-templates/{kept['id']}/archive/", status=404)
    assert post(client, consumer, f"job-templates/{kept['id']}/archive/", status=200)[
        "archived_at"
    ]
    assert get(client, consumer, "job-templates/?archived=false")["results"] == []
    post(client, consumer, f"job-templates/{kept['id']}/restore/", status=200)
    assert Template.objects.get().archived_at is None


def test_a_list_asks_the_same_for_one_job_and_for_many(
    client, running, consumer, claims, django_assert_max_num_queries
):
    client.force_login(consumer)
    Job.objects.create(tenant=claims, person=consumer, name="Waits")
    client.get("/api/v1/jobs/")
    with django_assert_max_num_queries(16) as short:
        client.get("/api/v1/jobs/")
    for number in range(20):
        Job.objects.create(tenant=claims, person=consumer, name=f"More {number}")
    with django_assert_max_num_queries(len(short)):
        client.get("/api/v1/jobs/")


def test_a_name_of_a_template_that_is_taken_is_a_conflict(client, consumer, a100):
    asked = {"tenant": "claims", "name": "Nightly", "needs": {"gpus": "1"}}
    first = post(client, consumer, "job-templates/", asked)
    taken = post(client, consumer, "job-templates/", asked, 409)
    assert taken["existing"] == f"/api/v1/job-templates/{first['id']}/"
    other = post(client, consumer, "job-templates/", asked | {"name": "Other"})
    at = f"/api/v1/job-templates/{other['id']}/"
    answer = client.patch(at, {"name": "Nightly"}, content_type="application/json")
    assert answer.status_code == 409
    assert answer.json()["errors"] == {"name": ["Your team has a template of this name."]}


def test_an_archived_template_is_not_started_by_program(client, consumer, a100):
    asked = {"tenant": "claims", "name": "Nightly", "command": "true"}
    kept = post(client, consumer, "job-templates/", asked)
    post(client, consumer, f"job-templates/{kept['id']}/archive/", status=200)
    told = post(client, consumer, "jobs/", {"tenant": "claims", "template": "nightly"}, 422)
    assert "archived" in told["errors"]["template"][0] and not Job.objects.exists()


def test_a_need_that_is_not_there_is_named(client, consumer, a100):
    for path in ("jobs/", "job-templates/"):
        told = post(client, consumer, path, ASKED | {"needs": {"gpu": 1}}, 422)["errors"]
        assert list(told) == ["needs.gpu"] and "no such field" in told["needs.gpu"][0]
    assert not Job.objects.exists() and not Template.objects.exists()


@pytest.mark.parametrize(
    "path", ["jobs/", "jobs/series/", "jobs/estimate/", "job-templates/", "pipelines/"]
)
def test_a_field_that_is_not_there_is_named(client, consumer, a100, path):
    body = {"tenant": "claims", "name": "Train", "time_limit": 60}
    told = post(client, consumer, path, body, 422)["errors"]
    assert list(told) == ["time_limit"] and "no such field" in told["time_limit"][0]
    assert not Job.objects.exists() and not Template.objects.exists()


def test_a_template_stays_with_its_team(client, consumer, a100):
    kept = post(client, consumer, "job-templates/", ASKED)
    at, body = f"/api/v1/job-templates/{kept['id']}/", {"tenant": "risk"}
    told = client.patch(at, body, content_type="application/json")
    assert told.status_code == 422 and list(told.json()["errors"]) == ["tenant"]


def test_the_body_of_a_job_is_estimated_as_it_is(client, consumer, a100):
    assert post(client, consumer, "jobs/estimate/", ASKED, 200)["fits"]


def test_an_estimate_knows_earlier_jobs_of_the_name_and_of_the_template(client, consumer, a100):
    kept = post(client, consumer, "job-templates/", ASKED)
    for number in range(3):
        more = {"template": kept["slug"]} if number else {}
        made = post(client, consumer, "jobs/", ASKED | more)
        Job.objects.filter(pk=made["id"]).update(
            status=JobStatus.SUCCEEDED, started_at=timezone.now() - timedelta(hours=number + 2),
            ended_at=timezone.now() - timedelta(hours=1),
        )  # fmt: skip
    named = post(client, consumer, "jobs/estimate/", ASKED, 200)
    assert [cost["currency"] for cost in named["usual_cost"]] == ["EUR", "EUR"]
    needs = {name: ASKED[name] for name in ("tenant", "needs")}
    assert post(client, consumer, "jobs/estimate/", needs, 200)["usual_cost"] is None


def test_on_a_cluster_an_estimate_goes_by_the_image(client, consumer, claims, a100):
    a100.cluster.engine = EngineKind.KUEUE
    a100.cluster.save()
    told = post(client, consumer, "jobs/estimate/", ASKED, 200)
    assert not told["fits"] and told["why"] == "Name the image that holds your program."
    image = {"image": "registry.example.org/train:1"}
    assert post(client, consumer, "jobs/estimate/", ASKED | image, 200)["fits"]


def test_a_body_that_is_a_list_is_told_of_as_a_whole(client, consumer, a100):
    assert list(post(client, consumer, "jobs/", [ASKED], 422)["errors"]) == ["detail"]


@pytest.mark.parametrize("query", ["mine=zz", "unfinished=yes", "needs_a_change=2"])
def test_a_flag_is_true_or_false(client, job, consumer, query):
    assert list(get(client, consumer, f"jobs/?{query}", 400)["errors"]) == [query.split("=")[0]]
    get(client, consumer, "jobs/?mine=True&unfinished=0")


def test_the_least_of_cores_is_the_same_everywhere(client, consumer, a100):
    for cpu, status in (("0.05", 201), ("0.04", 422)):
        made = post(client, consumer, "jobs/", ASKED | {"needs": {"gpus": 1, "cpu": cpu}}, status)
        assert status == 201 or list(made["errors"]) == ["needs.cpu"]
