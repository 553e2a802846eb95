"""Pipelines: what they refuse, how they go from step to step, end, and go on."""

from types import SimpleNamespace

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from compute.jobs import definition_text, definitions, layout, services
from compute.jobs.definitions import Flawed
from compute.jobs.lifecycle import JobStatus, PipelineStatus
from compute.jobs.models import Job, Pipeline
from compute.jobs.services import stepping
from portal.audit.models import Event
from portal.core.errors import Conflict, Refused
from portal.notices.models import Notice
from tests.compute.jobs import stage
from tests.compute.jobs.plans import COMMAND, DIAMOND, LINE, finish, steps_of
from tests.compute.jobs.stage import fresh


@pytest.fixture
def floor(cluster, claims):
    """Machines without GPUs that everybody may use."""
    return stage.flavour(cluster, "cpu", product="")


@pytest.fixture
def line(floor, claims, consumer):
    return services.start_pipeline(claims, by=consumer, name="Nightly", steps=LINE)


def jobs_of(pipeline: Pipeline) -> list[str]:
    rows = Job.objects.filter(step__pipeline=pipeline).order_by("id")
    return list(rows.values_list("step__slug", flat=True))


def run(pipeline: Pipeline, *ends: str) -> Pipeline:
    """Converge and end the jobs that are open with these statuses, one after another."""
    for status in ends:
        services.converge_pipeline(pipeline.pk)
        job = Job.objects.filter(step__pipeline=pipeline).unfinished().order_by("id").first()
        finish(job, status)
    return services.converge_pipeline(pipeline.pk)


OK, BAD = JobStatus.SUCCEEDED, JobStatus.FAILED


def test_a_step_starts_when_those_it_needs_have_succeeded(line, consumer):
    services.converge_pipeline(line.pk)
    assert jobs_of(line) == ["prepare"]
    run(line, OK)
    assert jobs_of(line) == ["prepare", "train"]
    done = run(line, OK, OK)
    assert done.status == PipelineStatus.SUCCEEDED
    assert {job.person for job in Job.objects.all()} == {consumer}
    assert Notice.objects.get(person=consumer).title == "Nightly succeeded"


def test_branches_run_side_by_side_and_meet_again(floor, claims, consumer):
    pipeline = services.start_pipeline(claims, by=consumer, name="Both", steps=DIAMOND)
    run(pipeline, OK)
    assert jobs_of(pipeline) == ["prepare", "left", "right"]
    run(pipeline, OK)
    assert "join" not in jobs_of(pipeline)
    assert run(pipeline, OK, OK).status == PipelineStatus.SUCCEEDED


def test_converging_again_starts_nothing_twice(line):
    for _ in range(3):
        services.converge_pipeline(line.pk)
    assert jobs_of(line) == ["prepare"]


def test_the_index_refuses_a_second_open_job_of_a_step(line, claims, consumer):
    services.converge_pipeline(line.pk)
    step = steps_of(line)["prepare"]
    with pytest.raises(IntegrityError), transaction.atomic():
        services.submit(claims, by=consumer, name="Again", command=COMMAND, step=step)


def test_a_failure_ends_it_with_the_reason_once_nothing_runs(floor, claims, consumer):
    pipeline = services.start_pipeline(claims, by=consumer, name="Both", steps=DIAMOND)
    run(pipeline, OK)
    still = run(pipeline, BAD)
    assert still.status == PipelineStatus.RUNNING
    ended = run(pipeline, OK)
    assert ended.status == PipelineStatus.FAILED
    assert ended.reason == "Left failed: Its program failed with code 3."
    assert "join" not in jobs_of(pipeline)


def test_going_on_keeps_what_succeeded(line, consumer):
    run(line, OK, BAD)
    kept = steps_of(line)["prepare"].job
    again = services.restart_pipeline(fresh(line), by=consumer)
    assert (again.status, again.reason) == (PipelineStatus.RUNNING, "")
    done = run(line, OK, OK)
    assert done.status == PipelineStatus.SUCCEEDED
    assert steps_of(line)["prepare"].job == kept
    assert jobs_of(line) == ["prepare", "train", "train", "register"]
    assert Event.objects.about(line).filter(payload__contains='"kept"').exists()


def test_going_on_from_a_step_runs_all_behind_it_again(floor, claims, consumer):
    pipeline = services.start_pipeline(claims, by=consumer, name="Both", steps=DIAMOND)
    run(pipeline, OK, OK, OK, BAD)
    services.restart_pipeline(fresh(pipeline), by=consumer, from_step="left")
    steps = steps_of(pipeline)
    assert [slug for slug, step in steps.items() if step.job] == ["prepare", "right"]
    with pytest.raises(Conflict, match="Cancel it first"):
        services.restart_pipeline(fresh(pipeline), by=consumer)


def test_going_on_from_a_step_that_is_not_there_names_those_that_are(line, consumer):
    run(line, BAD)
    with pytest.raises(Refused, match="There are prepare, train, register"):
        services.restart_pipeline(fresh(line), by=consumer, from_step="tarin")


def test_cancelling_stops_what_runs_and_starts_no_more(line, consumer):
    services.converge_pipeline(line.pk)
    services.cancel_pipeline(line, by=consumer, note="Wrong data.")
    services.converge_pipeline(line.pk)
    job = Job.objects.get(step__pipeline=line)
    assert job.cancel_asked_at
    services.converge(job.pk)
    ended = services.converge_pipeline(line.pk)
    assert ended.status == PipelineStatus.CANCELLED
    assert ended.reason == "Cancelled by consumer. Wrong data."
    assert jobs_of(line) == ["prepare"]


def test_hardware_that_went_away_is_the_reason(line, floor):
    floor.nodes.all().delete()
    ended = services.converge_pipeline(line.pk)
    assert ended.status == PipelineStatus.FAILED
    assert ended.reason.startswith("Prepare could not be started: ")


def test_who_left_the_team_starts_no_more_steps(line, claims, consumer):
    run(line, OK)
    consumer.memberships.all().delete()
    ended = run(line, OK)
    assert ended.status == PipelineStatus.FAILED
    assert "Only people of claims submit jobs for it." in ended.reason


def test_a_step_is_told_of_its_folder_and_paths(line, cluster):
    run(line, OK)
    services.converge(steps_of(line)["train"].job.pk)
    told = stage.engine(cluster).orders[-1].variables
    assert told["MILLWRIGHT_PIPELINE_DIR"] == f"pipeline-{line.pk.hex}"
    assert (told["MILLWRIGHT_INPUTS"], told["MILLWRIGHT_OUTPUTS"]) == ("rows.csv", "")


def test_strangers_neither_start_nor_cancel_nor_restart(line, claims, stranger, auditor):
    for person in (stranger, auditor):
        with pytest.raises(PermissionDenied):
            services.start_pipeline(claims, by=person, name="Mine", steps=LINE)
        with pytest.raises(PermissionDenied):
            services.cancel_pipeline(line, by=person)
        with pytest.raises(PermissionDenied):
            services.restart_pipeline(line, by=person)


WRONG = {
    "at least one step": [],
    "A pipeline has 30 or fewer": [{"slug": f"s{n}", "command": COMMAND} for n in range(31)],
    "called 'a' already": [{"slug": "a", "command": COMMAND}] * 2,
    "There is no step 'b'. There are a": [{"slug": "a", "command": COMMAND, "after": ["b"]}],
    "in a circle: a → b → a": [
        {"slug": "a", "command": COMMAND, "after": ["b"]},
        {"slug": "b", "command": COMMAND, "after": ["a"]},
    ],
    "in a circle: a → a": [{"slug": "a", "command": COMMAND, "after": ["a"]}],
    "needs a command": [{"slug": "a"}],
    "A step has no 'gpu'": [{"slug": "a", "command": COMMAND, "needs": {"gpu": 1}}],
    "no path inside": [{"slug": "a", "command": COMMAND, "inputs": ["../b"]}],
    "small letters": [{"slug": "A b", "command": COMMAND}],
    "Choose cores": [{"slug": "a", "command": COMMAND, "needs": {"cpu": -1}}],
    "There are no GPUs here": [{"slug": "a", "command": COMMAND, "needs": {"gpus": 1}}],
}


@pytest.mark.parametrize("words", WRONG)
def test_what_cannot_run_is_refused_in_plain_words(words, floor, claims, consumer):
    with pytest.raises(Flawed) as wrong:
        services.start_pipeline(claims, by=consumer, name="Wrong", steps=WRONG[words])
    assert any(words in flaw.words for flaw in wrong.value.flaws)
    assert not Pipeline.objects.exists()


def test_every_flaw_is_told_with_its_line():
    text = "name: x\nsteps:\n  - slug: a\n    command: [x]\n  - slug: b\n    after: [c, a]\n"
    written = definition_text.read(text)
    with pytest.raises(Flawed) as wrong:
        definitions.check(written.steps, known=["command"])
    assert [written.line_of(flaw.place) for flaw in wrong.value.flaws] == [5]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("name: [", 1, "neither YAML nor JSON"),
        ("name: x\nname: y\nsteps: []", 2, "written twice"),
        ("name: x\nstepz: []", 2, "no 'stepz'"),
        ("a: &a [1]\nsteps: *a", 2, "Anchors"),
        ("- a", 1, "Begin with name"),
        ("name: x\n\tsteps: []", 2, "spaces"),
    ],
)
def test_text_that_is_no_definition_names_the_line(text, line, words):
    with pytest.raises(Flawed) as wrong:
        definition_text.read(text)
    assert wrong.value.flaws[0].place == ("line", line)
    assert words in wrong.value.flaws[0].words


def test_defaults_hold_for_each_step_that_says_nothing_else():
    text = "name: x\ndefaults: {retries: 2}\nsteps:\n  - {slug: a}\n  - {slug: b, retries: 0}\n"
    assert [step["retries"] for step in definition_text.read(text).steps] == [2, 0]


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text):
    try:
        definition_text.read(text)
    except Flawed as flawed:
        assert flawed.flaws[0].place[0] == "line"


@st.composite
def graphs(draw):
    """Up to 30 steps, each after some of those before it."""
    count = draw(st.integers(1, 30))
    return {
        f"s{n}": [f"s{k}" for k in draw(st.sets(st.integers(0, n - 1), max_size=4))] if n else []
        for n in range(count)
    }


@given(graphs())
def test_boxes_never_overlap_and_stand_behind_what_they_need(after):
    drawn = layout.draw(after)
    places = [(box.x, box.y) for box in drawn.boxes.values()]
    for n, (x, y) in enumerate(places):
        assert 0 <= x <= drawn.width - layout.WIDE
        assert 0 <= y <= drawn.height - layout.HIGH
        for other_x, other_y in places[n + 1 :]:
            assert x != other_x or abs(y - other_y) >= layout.HIGH
    for step, needs in after.items():
        assert all(drawn.boxes[needed].x < drawn.boxes[step].x for needed in needs)
    assert len(drawn.lines) == sum(map(len, after.values()))


def test_reasons_of_several_steps_are_sentences_with_one_full_stop_each():
    steps = [
        SimpleNamespace(name=name, job=Job(status=JobStatus.FAILED, reason=reason))
        for name, reason in (("Left", "Its program failed with code 1."), ("Right", ""))
    ]
    told = stepping._why(Pipeline(), steps)
    assert told == "Left failed: Its program failed with code 1. Right failed."
