"""Pages and REST of pipelines, the graph, and keeping an idle job."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from compute.jobs import services
from compute.jobs.lifecycle import JobStatus, PipelineStatus
from compute.jobs.models import Job, Pipeline
from tests.compute.jobs import plans, stage
from tests.compute.jobs.plans import DIAMOND, LINE, finish, steps_of
from tests.compute.jobs.stage import fresh

TEXT = """\
name: Written
steps:
  - slug: prepare
    command: [python, step.py]
  - slug: train
    command: [python, step.py]
    after: [prepare]
"""


@pytest.fixture
def floor(cluster, claims):
    return stage.flavour(cluster, "cpu", product="")


@pytest.fixture
def pipeline(floor, claims, consumer):
    made = services.start_pipeline(claims, by=consumer, name="Nightly", steps=DIAMOND)
    services.converge_pipeline(made.pk)
    return made


@pytest.fixture
def failed(pipeline):
    finish(steps_of(pipeline)["prepare"].job, JobStatus.FAILED)
    return services.converge_pipeline(pipeline.pk)


@pytest.fixture
def seen(client, consumer):
    """The text of a page as consumer sees it."""
    client.force_login(consumer)

    def see(address: str, status: int = 200) -> str:
        answer = client.get(address)
        assert answer.status_code == status
        return answer.content.decode()

    return see


@pytest.fixture
def api(consumer):
    client = APIClient()
    client.force_login(consumer)
    return client


def test_the_page_draws_each_step_and_each_line(seen, pipeline):
    text = seen(pipeline.get_absolute_url())
    assert len(re.findall(r'class="node node--', text)) == 4
    assert len(re.findall(r'class="edge', text)) == 4
    assert "Graph: 0 of 4 steps done" in text
    assert 'aria-label="Join: after 2 steps"' in text
    assert f"/live/pipelines/{pipeline.pk}/" in text


def test_the_graph_says_what_is_done_runs_failed_and_is_stuck(seen, failed):
    text = seen(failed.get_absolute_url())
    assert 'aria-label="Prepare: Its program failed with code 3."' in text
    assert "needs Prepare" in text and "node--bad" in text and "node--off" in text
    assert "Prepare failed: Its program failed with code 3." in text
    assert "Graph: 0 of 4 steps done, 1 failed, 3 not started" in text
    assert "Go on from what failed" in text


def test_the_page_of_a_step_shows_where_it_stands(seen, pipeline):
    job = steps_of(pipeline)["prepare"].job
    text = seen(job.get_absolute_url())
    assert "node--here" in text and f'href="{pipeline.get_absolute_url()}"' in text
    assert f"/live/pipelines/{pipeline.pk}/" in text


def test_thirty_steps_fit_into_the_picture(seen, floor, claims, consumer):
    steps = [{"slug": "s1", "command": ["x"]}]
    steps += [{"slug": f"s{n}", "command": ["x"], "after": [f"s{n // 2}"]} for n in range(2, 31)]
    made = services.start_pipeline(claims, by=consumer, name="Wide", steps=steps)
    assert len(re.findall(r'class="node node--', seen(made.get_absolute_url()))) == 30


def test_a_definition_is_started_from_the_page(client, seen, floor, claims):
    assert "Nightly digits" in seen("/jobs/pipelines/new/")
    assert "train-large" in seen("/jobs/pipelines/new/?example=branches")
    answer = client.post("/jobs/pipelines/new/", {"tenant": "claims", "definition": TEXT})
    made = Pipeline.objects.get()
    assert (answer.status_code, answer.url) == (302, made.get_absolute_url())
    assert [step.slug for step in made.steps.all()] == ["prepare", "train"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TEXT.replace("after: [prepare]", "after: [prepair]"), "Line 7: There is no step"),
        (TEXT + "    needs: {gpu: 1}\n", "Line 8: A step has no"),
        (TEXT + "    needs: {gpus: 1}\n", "Line 8: There are no GPUs here"),
        (TEXT + "   x", "Line 8: This is neither YAML nor JSON"),
        (TEXT.replace("name: Written\n", ""), "Fill this in"),
    ],
)
def test_what_is_wrong_is_told_by_line_and_the_text_stays(client, seen, floor, text, words):
    answer = client.post("/jobs/pipelines/new/", {"tenant": "claims", "definition": text})
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert words in shown and "python, step.py" in shown
    assert not Pipeline.objects.exists()


def test_wishes_from_the_page(client, seen, pipeline, failed):
    seen(pipeline.get_absolute_url())
    client.post(f"{pipeline.get_absolute_url()}restart/", {"from_step": "prepare"})
    assert fresh(pipeline).status == PipelineStatus.RUNNING
    client.post(f"{pipeline.get_absolute_url()}cancel/", {"reason": "Enough."})
    assert fresh(pipeline).cancel_asked_at
    assert "It is being cancelled." in seen(pipeline.get_absolute_url())


def test_strangers_see_no_pipeline(client, pipeline, stranger):
    client.force_login(stranger)
    assert client.get(pipeline.get_absolute_url()).status_code == 404
    assert "Nightly" not in client.get("/jobs/pipelines/").content.decode()


def test_the_list_asks_the_same_however_long_it_is(
    client, seen, pipeline, floor, claims, consumer, django_assert_max_num_queries
):
    seen("/jobs/pipelines/")
    with django_assert_max_num_queries(24) as short:
        text = seen("/jobs/pipelines/")
    assert "0 of 4" in text
    for number in range(8):
        services.start_pipeline(claims, by=consumer, name=f"More {number}", steps=LINE)
    with django_assert_max_num_queries(len(short)):
        seen("/jobs/pipelines/")


def test_jobs_say_which_pipeline_they_are_a_step_of_for_the_same_questions(
    seen, pipeline, floor, claims, consumer, django_assert_max_num_queries
):
    seen("/jobs/")
    with django_assert_max_num_queries(30) as short:
        text = seen("/jobs/")
    assert f'step of <a href="{pipeline.get_absolute_url()}">Nightly</a>' in text
    for number in range(4):
        more = services.start_pipeline(claims, by=consumer, name=f"More {number}", steps=LINE)
        services.converge_pipeline(more.pk)
    with django_assert_max_num_queries(len(short)):
        text = seen("/jobs/")
    assert text.count("step of <a") == 5


def test_programs_start_read_and_steer_pipelines(api, floor):
    body = {"tenant": "claims", "name": "By program", "steps": LINE}
    made = api.post("/api/v1/pipelines/", body, format="json")
    assert made.status_code == 201, made.content
    assert [step["slug"] for step in made.json()["steps"]] == ["prepare", "train", "register"]
    address = f"/api/v1/pipelines/{made.json()['id']}/"
    services.converge_pipeline(made.json()["id"])
    assert api.get(address).json()["steps"][0]["status"] == "submitted"
    assert api.post(f"{address}restart/", {}, format="json").status_code == 409
    gone = api.post(f"{address}cancel/", {"reason": "Enough."}, format="json")
    assert gone.status_code == 202
    listed = api.get("/api/v1/pipelines/?status=running&tenant=claims").json()
    assert [row["name"] for row in listed["results"]] == ["By program"]


def test_programs_are_told_every_flaw_by_field_or_line(api, floor):
    steps = [{"slug": "A", "command": ["x"]}, {"slug": "b"}]
    wrong = api.post(
        "/api/v1/pipelines/", {"tenant": "claims", "name": "x", "steps": steps}, format="json"
    )
    assert wrong.status_code in (400, 422)
    assert set(wrong.json()["errors"]) == {"steps.0.slug", "steps.1.command"}
    wrong = api.post(
        "/api/v1/pipelines/", {"tenant": "claims", "definition": "name: [\n"}, format="json"
    )
    assert wrong.json()["errors"]["definition"][0].startswith("Line ")


def test_an_idle_job_is_kept_from_its_page(client, seen, api, a100, claims, consumer):
    job = plans.run_for(stage.ask(claims, consumer), a100, 7200)
    since = timezone.now() - timedelta(minutes=20)
    Job.objects.filter(pk=job.pk).update(idle_since=since)
    assert "GPUs are idle" not in seen(job.get_absolute_url())
    services.reclaim_idle()
    assert "unless its GPUs work again" in seen(job.get_absolute_url())
    client.post(f"{job.get_absolute_url()}keep/")
    assert fresh(job).kept_at
    assert "it runs on" in seen(job.get_absolute_url())
    assert api.post(f"/api/v1/jobs/{job.pk}/keep/").status_code == 409


LINE_OF_TEXT = "echo a; echo b > f"


def test_a_command_as_a_line_is_run_by_a_shell_in_steps_too(client, api, floor, consumer):
    body = {"tenant": "claims", "name": "x", "steps": [{"slug": "a", "command": LINE_OF_TEXT}]}
    assert api.post("/api/v1/pipelines/", body, format="json").status_code == 201
    text = f"name: x\nsteps:\n  - slug: a\n    command: {LINE_OF_TEXT!r}\n"
    made = api.post("/api/v1/pipelines/", {"tenant": "claims", "definition": text}, format="json")
    assert made.status_code == 201, made.content
    client.force_login(consumer)
    client.post("/jobs/pipelines/new/", {"tenant": "claims", "definition": text})
    commands = [plan.steps.get().asks["command"] for plan in Pipeline.objects.all()]
    assert commands == [["sh", "-c", LINE_OF_TEXT]] * 3


@pytest.mark.parametrize(
    "variables", [{"API_KEY": "x"}, {"MILLWRIGHT_X": "1"}, {"A": "ghp_" + "a1" * 18}]
)
def test_steps_and_defaults_hold_no_secrets(api, floor, variables):
    step = {"slug": "a", "command": ["x"]}
    body = {"tenant": "claims", "name": "x", "steps": [step | {"variables": variables}]}
    told = api.post("/api/v1/pipelines/", body, format="json")
    assert list(told.json()["errors"]) == ["steps.0.variables"]
    name, value = next(iter(variables.items()))
    text = f"defaults: {{variables: {{{name}: {value!r}}}}}\n" + TEXT
    told = api.post("/api/v1/pipelines/", {"tenant": "claims", "definition": text}, format="json")
    assert told.status_code == 422 and "variables" in str(told.json()["errors"])
    assert not Pipeline.objects.exists()
