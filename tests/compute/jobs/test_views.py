"""Pages of jobs: the list, the form, one job, and what people wish for it."""

import re
from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from compute.capacity.models import EngineKind
from compute.jobs import services
from compute.jobs.frame import unfinished
from compute.jobs.lifecycle import JobStatus
from compute.jobs.listing import SIZE, cut
from compute.jobs.models import Job
from compute.jobs.picture import state_of
from portal.core import shell
from portal.core.ids import floor_id, new_id
from tests.compute.jobs import stage
from tests.compute.jobs.stage import attempt_name, fresh

FORM = {
    "tenant": "claims", "name": "Train digits", "command": "python train.py", "gpus": "1",
    "gpu_memory_gb": "0", "cpu": "4", "memory_gb": "16", "nodes": "1", "data_class": "internal",
    "region": "", "time_limit_s": "90 min", "priority": "normal", "retries": "1",
    "variables": "EPOCHS=3", "notify": "on",
}  # fmt: skip


def page(client, user, address, status=200):
    client.force_login(user)
    answer = client.get(address)
    assert answer.status_code == status, address
    return answer.content.decode()


def row(tenant, person, **more) -> Job:
    """A job as a row, however it came there."""
    facts = {"name": "Train digits", "command": ["true"], "gpus": 1}
    return Job.objects.create(tenant=tenant, person=person, **facts | more)


@pytest.fixture
def running(job, engine):
    services.converge(job.pk)
    engine.run(attempt_name(job))
    services.converge(job.pk)
    return fresh(job)


def test_the_list_shows_a_team_its_jobs_and_nobody_else(client, job, consumer, stranger, operator):
    for person in (consumer, operator):
        text = page(client, person, "/jobs/")
        assert "Train digits" in text and job.short_id in text and "1 GPU" in text
    assert "Train digits" not in page(client, stranger, "/jobs/")


def test_without_jobs_the_list_says_how_to_start(client, consumer, a100):
    text = page(client, consumer, "/jobs/")
    assert "No jobs yet" in text and "/jobs/new/" in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=queued", True), ("status=running", False), ("status=unfinished", True),
        ("status=stuck", False), ("q=digit", True), ("q=letters", False), ("person=me", True),
        ("person=somebody", False), ("priority=low", False), ("tenant=claims", True),
        ("tenant=vision", False), ("since=2000-01-01", True), ("since=2099-01-01", False),
        ("until=2000-01-01", False), ("flavour=a100", False), ("status=nonsense", True),
    ],
)  # fmt: skip
def test_the_list_is_narrowed_by_its_address(client, job, consumer, query, found):
    services.converge(job.pk)
    text = page(client, consumer, f"/jobs/?{query}")
    assert ("Train digits" in text) is found
    assert found or "No job fits" in text


def test_a_job_is_found_by_the_id_that_people_see(client, job, consumer):
    for words in (job.short_id, job.short_id[2:], str(job.pk)):
        assert "Train digits" in page(client, consumer, f"/jobs/?q={words}")


def test_what_waits_for_something_wrong_can_be_picked_out(client, job, consumer, claims, engine):
    services.converge(job.pk)
    other = stage.ask(claims, consumer, name="Stuck one")
    words = "The largest node has 8 GPUs"
    Job.objects.filter(pk=other.pk).update(cause="too_large", reason=words)
    text = page(client, consumer, "/jobs/?status=stuck")
    assert "Stuck one" in text and words in text and "Train digits" not in text
    assert "Waits, needs a change" in text


@pytest.mark.parametrize("oldest_first", [False, True])
def test_pages_follow_each_other_without_a_gap_in_both_directions(claims, consumer, oldest_first):
    start = timezone.now() - timedelta(days=1)
    for number in range(2 * SIZE + 3):
        pk = floor_id(start + timedelta(seconds=number))
        row(claims, consumer, id=pk, name=f"{number}")
    jobs, seen, first = Job.objects.filter(tenant=claims), [], cut(
        Job.objects.filter(tenant=claims), oldest_first=oldest_first
    )  # fmt: skip
    here = first
    while True:
        seen.append([job.name for job in here])
        if not here.next:
            break
        here = cut(jobs, after=here.next, oldest_first=oldest_first)
    order = [str(n) for n in range(2 * SIZE + 3)]
    assert sum(seen, []) == (order if oldest_first else order[::-1])
    for names in seen[-2::-1]:
        here = cut(jobs, before=here.previous, oldest_first=oldest_first)
        assert [job.name for job in here] == names
    assert not here.previous


def test_the_rows_alone_are_sent_to_a_page_that_asks_for_them(client, job, consumer):
    client.force_login(consumer)
    text = client.get("/jobs/?part=rows", headers={"HX-Request": "true"}).content.decode()
    assert text.lstrip().startswith("<tbody") and "Train digits" in text
    assert "<html" in page(client, consumer, "/jobs/?part=rows")


def test_many_are_cancelled_at_once_and_the_others_named(client, job, consumer, owner, claims):
    mine = stage.ask(claims, consumer, name="Second")
    others = row(owner.memberships.get().tenant, owner, name="Not mine")
    client.force_login(consumer)
    picks = {"pick": [str(job.pk), str(mine.pk), str(others.pk), "nonsense"], "reason": "Slip"}
    answer = client.post("/jobs/cancel/", picks, follow=True)
    assert "2 jobs are being cancelled" in answer.content.decode()
    assert all("Slip" in fresh(each).cancel_reason for each in (job, mine))
    assert fresh(others).cancel_asked_at is None


def test_the_list_asks_the_same_for_one_row_and_for_a_full_page(
    client, running, consumer, claims, django_assert_max_num_queries
):
    client.force_login(consumer)
    client.get("/jobs/")
    with django_assert_max_num_queries(30) as short:
        client.get("/jobs/")
    for number in range(SIZE):
        row(claims, consumer, name=f"More {number}", status=JobStatus.QUEUED)
    with django_assert_max_num_queries(len(short)):
        client.get("/jobs/")


def test_a_form_becomes_a_job(client, consumer, a100):
    client.force_login(consumer)
    answer = client.post("/jobs/new/", FORM)
    job = Job.objects.get()
    assert answer.status_code == 302 and answer["Location"] == job.get_absolute_url()
    assert (job.command, job.time_limit_s, job.retries) == (["python", "train.py"], 5400, 1)
    assert job.variables == {"EPOCHS": "3"} and job.notify


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("time_limit_s", "soon", "6 h, 90 min"), ("command", '["python"', "Close the list"),
        ("variables", "HF_TOKEN=abc", "looks like a secret"), ("gpus", "-1", "0 or more"),
        ("variables", "NO EQUALS", "NAME=value"), ("gpus", "64", "64"), ("name", "", "Fill this"),
        ("priority", "urgent", "Choose one"), ("gpu_memory_gb", "80", "40 GB"),
        ("datasets", "a b\nc*d", "name of a data set"), ("nodes", "0", "1 or more"),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(
    client, consumer, a100, field, value, words
):
    client.force_login(consumer)
    answer = client.post("/jobs/new/", FORM | {"checkpoint": "runs/mine", field: value})
    text = answer.content.decode()
    assert answer.status_code == 422 and words in text and 'value="runs/mine"' in text
    assert re.search(rf'id="id_{field}_error"', text), text[:200]
    assert not Job.objects.exists()


def test_only_who_may_is_offered_a_high_priority(client, consumer, owner, claims, vision, a100):
    assert "Urgent" not in page(client, consumer, "/jobs/new/")
    assert "Urgent" in page(client, owner, "/jobs/new/")


def test_an_image_is_asked_for_where_a_cluster_runs_images(client, consumer, a100, vision):
    assert 'name="image"' not in page(client, consumer, "/jobs/new/")
    stage.cluster(vision, "there", engine=EngineKind.KUEUE)
    assert 'name="image"' in page(client, consumer, "/jobs/new/")


def test_a_copy_begins_as_the_earlier_job_was_asked_for(client, running, consumer):
    text = page(client, consumer, f"/jobs/{running.pk}/clone/")
    assert "python train.py" in text and 'value="Train digits"' in text and 'value="1 h"' in text


def test_who_has_no_team_is_told_so(client, operator, a100):
    assert "You have no team" in page(client, operator, "/jobs/new/")


def test_the_page_of_a_running_job_says_where_it_is_and_what_it_costs(client, running, consumer):
    text = page(client, consumer, running.get_absolute_url())
    for words in ("Running", "1 × A100", "Stops by itself at", "Cancel job", "Runs on A100"):
        assert words in text, words


def test_where_it_runs_is_for_those_who_may_know(client, running, consumer, operator):
    node = running.runs.get().node
    assert node and node in page(client, operator, running.get_absolute_url())
    assert node not in page(client, consumer, running.get_absolute_url())


def test_the_words_of_the_engine_are_for_operators(client, job, consumer, operator):
    Job.objects.filter(pk=job.pk).update(detail="couldn't assign flavors", reason="No room yet.")
    assert "assign flavors" in page(client, operator, job.get_absolute_url())
    text = page(client, consumer, job.get_absolute_url())
    assert "assign flavors" not in text and "No room yet." in text


def test_misconfiguration_is_told_apart_from_waiting(client, job, consumer):
    Job.objects.filter(pk=job.pk).update(cause="too_large", reason="Too much.", status="queued")
    text = page(client, consumer, job.get_absolute_url())
    assert "callout--bad" in text and "waits for ever" in text and "Change it and run it" in text
    Job.objects.filter(pk=job.pk).update(cause="quota", reason="In use.")
    text = page(client, consumer, job.get_absolute_url())
    assert "callout--warn" in text and "waits for ever" not in text


def test_cancel_retry_and_priority_from_the_page(client, running, engine, owner, consumer):
    client.force_login(consumer)
    at = running.get_absolute_url()
    client.post(f"{at}priority/", {"to": "low"})
    assert fresh(running).priority == "low"
    client.post(f"{at}cancel/", {"reason": "Wrong data"})
    assert "Wrong data" in fresh(running).cancel_reason
    services.converge(running.pk)
    engine.finish(attempt_name(running), exit_code=1)
    services.converge(running.pk)
    assert fresh(running).status == JobStatus.CANCELLED
    text = page(client, consumer, at)
    assert text.count("Cancelled by consumer. Wrong data") == 2  # in the box and what happened
    answer = client.post(f"{at}retry/")
    again = Job.objects.exclude(pk=running.pk).get()
    assert answer["Location"] == again.get_absolute_url()


def test_a_reason_is_asked_of_who_cancels_the_job_of_another(client, running, operator, consumer):
    for person, needed in ((consumer, False), (operator, True)):
        field = re.search(r'<textarea[^>]*name="reason"[^>]*>', page(client, person, at(running)))
        assert ("required" in field[0]) is needed and "autofocus" in field[0]


def test_one_keeps_a_job_waiting_or_running(client, job, engine, consumer):
    services.converge(job.pk)
    assert "Keep it waiting" in page(client, consumer, at(job))
    engine.run(attempt_name(job))
    services.converge(job.pk)
    assert "Keep it running" in page(client, consumer, at(job))


def at(job) -> str:
    return job.get_absolute_url()


def test_who_only_watches_changes_nothing(client, running, governor, auditor):
    at = running.get_absolute_url()
    for person in (governor, auditor):
        assert "Cancel job" not in page(client, person, at)
        for verb in ("cancel", "retry", "priority"):
            assert client.post(f"{at}{verb}/", {"to": "low"}).status_code == 403
    assert fresh(running).cancel_asked_at is None


def test_strangers_find_no_page(client, running, stranger):
    at = running.get_absolute_url()
    for part in ("", "clone/"):
        page(client, stranger, f"{at}{part}", 404)
    assert client.post(f"{at}cancel/").status_code == 404
    page(client, stranger, f"/jobs/{new_id()}/", 404)


def test_my_unfinished_jobs_are_counted_in_the_navigation(client, running, consumer, claims):
    row(claims, consumer, name="Ended", status=JobStatus.SUCCEEDED)
    text = page(client, consumer, "/jobs/")
    assert re.search(r'id="tally-jobs">1<', text)


def test_a_mark_in_the_navigation_counts_no_further_than_it_tells(
    client, running, consumer, claims, monkeypatch
):
    monkeypatch.setattr(shell, "MOST_TOLD", 1)
    for name in "ab":
        row(claims, consumer, name=name)
    assert unfinished(consumer) == 2  # of three
    assert re.search(r'id="tally-jobs">1\+<', page(client, consumer, "/jobs/"))


def test_the_next_of_those_that_come_before_are_named(a100, claims, consumer):
    waits = {"status": JobStatus.QUEUED, "cluster": a100.cluster, "flavour": a100}
    names = {place: row(claims, consumer, **waits, position=place).pk for place in range(7, 0, -1)}
    Job.objects.filter(pk=names[5]).update(status=JobStatus.RUNNING)
    told = Job.objects.to_show().with_rights(consumer).get(pk=names[7])
    state = state_of(told, consumer)
    assert [one.pk for one in state["ahead"]] == [names[place] for place in (2, 3, 4, 6)]
    assert state["fewer"] == 2


def test_what_a_socket_sends_needs_no_token_and_holds_the_same(running, consumer):
    told = Job.objects.to_show().with_rights(consumer).get(pk=running.pk)
    state = render_to_string("compute/jobs/_state.html", state_of(told, consumer))
    assert "<form" not in state and "csrf" not in state
    for part in ("pill", "needs", "do", "steps", "why", "idle", "start", "tries", "side"):
        assert f'id="job-{part}"' in state, part


def test_idle_gpus_are_told_with_a_way_to_keep_the_job(client, running, consumer):
    since = timezone.now() - timedelta(hours=3)
    Job.objects.filter(pk=running.pk).update(idle_since=since, idle_told_at=since)
    at = running.get_absolute_url()
    text = page(client, consumer, at)
    assert "Its GPUs are idle" in text and 'form="job-keep"' in text and 'id="job-keep"' in text
    client.post(f"{at}keep/")
    text = page(client, consumer, at)
    assert "it runs on" in text and 'form="job-keep"' not in text


def test_where_there_are_no_gpus_the_form_begins_without(client, consumer, cluster):
    client.force_login(consumer)
    form = client.get("/jobs/new/").context["form"]
    assert (form["gpus"].value(), form["cpu"].value()) == (0, 1)


def test_a_filter_that_makes_no_sense_is_said_to_be_ignored(client, job, consumer):
    text = page(client, consumer, "/jobs/?status=zz&since=1900-01-01")
    assert "A filter was ignored" in text and "Train digits" in text
    assert "A filter was ignored" not in page(client, consumer, "/jobs/?status=submitted")


def test_the_estimate_says_what_is_wrong(client, consumer, a100):
    client.force_login(consumer)
    text = client.post("/jobs/estimate/", FORM | {"cpu": "0.01", "gpus": ""}).content.decode()
    assert "<strong>CPU</strong>" in text and "0.05" in text and "<strong>GPUs" not in text
    text = client.post("/jobs/estimate/", FORM | {"cpu": ""}).content.decode()
    assert "Fill in what it needs" in text


def test_the_estimate_goes_by_the_image_where_a_cluster_needs_one(client, consumer, a100):
    a100.cluster.engine = EngineKind.KUEUE
    a100.cluster.save()
    client.force_login(consumer)
    said = {}
    for image in ("", "registry.example.org/train:1", "a" * 256):
        said[image[:1]] = client.post("/jobs/estimate/", FORM | {"image": image}).content.decode()
    assert "Name the image that holds your program." in said[""] and "cannot" not in said[""]
    assert "<dt>Fits</dt>" in said["r"] and "cannot run" not in said["r"]
    assert "<strong>Image</strong>" in said["a"]


def test_the_estimate_knows_what_jobs_of_the_name_or_the_template_took(
    client, consumer, claims, a100
):
    kept = services.write_template(claims, by=consumer, name="Nightly", asks={})
    began = timezone.now() - timedelta(hours=3)
    for number in range(3):
        row(
            claims, consumer, status=JobStatus.SUCCEEDED, started_at=began, template=kept,
            name=f"Run {number}" if number else FORM["name"],
            ended_at=began + timedelta(hours=1),
        )  # fmt: skip
    client.force_login(consumer)
    posted = [FORM, FORM | {"template": str(kept.pk)}]
    first, second = (client.post("/jobs/estimate/", one).content.decode() for one in posted)
    assert "of this template" not in first and "3 earlier runs of this template" in second
    Job.objects.update(name=FORM["name"])
    text = client.post("/jobs/estimate/", FORM).content.decode()
    assert "3 earlier runs of this name" in text and "<dt>Expected</dt>" in text
