"""What a page shows of a pipeline at one moment: how each step stands, and its graph."""

from dataclasses import dataclass

from django.utils import timezone

from compute.jobs import layout, services
from compute.jobs.lifecycle import JobStatus, PipelineStatus
from compute.jobs.models import Job, Pipeline, Step
from compute.jobs.wording import needs_in_words, span_in_words
from tenants.directory.roles import TenantRole

NAME, NOTE = 20, 24  # letters that fit into a box
ICONS = {"done": "ok", "now": "half", "bad": "bad", "off": "pause", "wait": "clock"}
KINDS = {"done": "ok", "now": "now", "bad": "bad", "off": "wait", "wait": "wait"}
STATES = {
    JobStatus.SUBMITTED: "wait",
    JobStatus.QUEUED: "wait",
    JobStatus.STARTING: "now",
    JobStatus.RUNNING: "now",
    JobStatus.SUCCEEDED: "done",
    JobStatus.FAILED: "bad",
    JobStatus.CANCELLED: "off",
}


@dataclass(frozen=True)
class Seen:
    """How one step stands: `state` is done, now, wait, bad or off, `note` says it in words."""

    step: Step
    state: str
    note: str
    tries: int = 0

    @property
    def icon(self) -> str:
        return ICONS[self.state]

    @property
    def kind(self) -> str:
        """The word for it in a list of checks."""
        return KINDS[self.state]

    @property
    def job(self) -> Job | None:
        return self.step.job


@dataclass(frozen=True)
class Box:
    """A step in the picture, its upper left corner, and the words that fit."""

    seen: Seen
    x: int
    y: int
    here: bool = False

    @property
    def name(self) -> str:
        return _fit(self.seen.step.name, NAME)

    @property
    def note(self) -> str:
        return _fit(self.seen.note, NOTE)

    @property
    def words(self) -> tuple[int, int, int, int]:
        """Where the icon and the two lines stand: x and y of the icon, then of the text."""
        return self.x + 12, self.y + 16, self.x + 38, self.y + 21

    @property
    def below(self) -> int:
        return self.y + 37


@dataclass(frozen=True)
class Graph:
    """The picture: boxes, and (how far a line is gone, its path)."""

    width: int
    height: int
    boxes: list[Box]
    lines: list[tuple[str, str]]
    finding: str


def steps_of(pipeline: Pipeline) -> list[Seen]:
    """All steps in their order, as they stand."""
    steps = list(pipeline.steps.select_related("job__flavour").order_by("place"))
    found: dict[str, Seen] = {}
    for step in steps:
        state, note = _stand(pipeline, step, found)
        found[step.slug] = Seen(step, state, note)
    return list(found.values())


def graph_of(seen: list[Seen], *, here: Job | None = None) -> Graph | None:
    """The picture of these steps; `here` is the job whose page it is on."""
    if not seen:
        return None
    drawn = layout.draw({each.step.slug: each.step.after for each in seen})
    states = {each.step.slug: each.state for each in seen}
    boxes = [
        Box(
            each, drawn.boxes[each.step.slug].x, drawn.boxes[each.step.slug].y,
            here=bool(here and here.step_id == each.step.pk),
        )
        for each in seen
    ]  # fmt: skip
    lines = [
        (_line(states[needed], states[behind]), path)
        for (needed, behind), path in drawn.lines.items()
    ]
    return Graph(drawn.width, drawn.height, boxes, lines, finding(seen))


def finding(seen: list[Seen]) -> str:
    """The sentence for those who cannot see the picture: "2 of 4 steps done, 1 running"."""
    count = {state: sum(each.state == state for each in seen) for state in ICONS}
    told = [f"{count['done']} of {len(seen)} step{'' if len(seen) == 1 else 's'} done"]
    for state, word in (("now", "running"), ("bad", "failed"), ("off", "cancelled")):
        if count[state]:
            told.append(f"{count[state]} {word}")
    return ", ".join(told)


def context_of(pipeline: Pipeline, user) -> dict:
    """The context of `compute/jobs/_pipeline_state.html`, as `user` may see it."""
    seen = steps_of(pipeline)
    may_change = Pipeline.objects.changeable_by(user).filter(pk=pipeline.pk).exists()
    return {
        "pipeline": pipeline,
        "seen": seen,
        "graph": graph_of(seen),
        "finding": finding(seen),
        "may_change": may_change,
        "may_restart": may_change and pipeline.ended and pipeline.status != "succeeded",
        "took": span_in_words(_took_s(pipeline)),
        "user": user,
    }


def idle_of(job: Job, user) -> dict:
    """What the page of a job says of GPUs that are idle for so long that it was warned."""
    if job.status != JobStatus.RUNNING or not job.idle_since or job.cancel_asked_at:
        return {}
    if job.idle_told_at is None or job.idle_told_at < job.idle_since:
        return {}
    may_keep = user.is_operator or user.may(TenantRole.CONSUMER, job.tenant)
    told = {"since": job.idle_since, "kept": services.is_kept(job), "may_keep": may_keep}
    return {"idle": told | {"stop_at": services.stop_at(job)}}


def context_of_job(job: Job) -> dict:
    """The graph on the page of a step's job; empty for other jobs."""
    if not job.step_id:
        return {}
    seen = steps_of(job.step.pipeline)
    pipeline = job.step.pipeline
    return {"graph": graph_of(seen, here=job), "pipeline": pipeline, "finding": finding(seen)}


def _stand(pipeline: Pipeline, step: Step, found: dict[str, Seen]) -> tuple[str, str]:
    if step.job is None:
        return _not_started(pipeline, step, found)
    return STATES[step.job.status], _of_job(step.job)


def _not_started(pipeline: Pipeline, step: Step, found: dict[str, Seen]) -> tuple[str, str]:
    behind = [found[slug] for slug in step.after]
    stuck = [each for each in behind if each.state in ("bad", "off")]
    if pipeline.status == PipelineStatus.CANCELLED or pipeline.cancel_asked_at:
        return "off", "not started"
    if stuck:
        return "off", f"needs {stuck[0].step.name}"
    left = [each.step.name for each in behind if each.state != "done"]
    if not left:
        return "wait", "is next"
    return "wait", f"after {left[0]}" if len(left) == 1 else f"after {len(left)} steps"


def _of_job(job: Job) -> str:
    if job.status == JobStatus.SUCCEEDED:
        return f"{span_in_words(_ran_s(job))} · {needs_in_words(job, job.flavour)}"
    if job.status == JobStatus.RUNNING and job.progress is not None:
        return job.progress_words or f"{round(job.progress * 100)} % done"
    if job.status == JobStatus.RUNNING:
        return f"running {span_in_words(_ran_s(job))}"
    if job.status == JobStatus.STARTING:
        return "starting"
    if job.status == JobStatus.FAILED:
        return job.reason or "failed"
    if job.status == JobStatus.CANCELLED:
        return "cancelled"
    return (
        f"number {job.position} in line"
        if job.position
        else f"needs {needs_in_words(job, job.flavour)}"
    )


def _line(needed: str, behind: str) -> str:
    if behind in ("done", "now"):
        return "done"
    return "on" if needed in ("done", "now") and behind == "wait" else ""


def _ran_s(job: Job) -> float:
    if job.started_at is None:
        return 0.0
    return max(0.0, ((job.ended_at or timezone.now()) - job.started_at).total_seconds())


def _took_s(pipeline: Pipeline) -> float:
    return ((pipeline.ended_at or timezone.now()) - pipeline.created_at).total_seconds()


def _fit(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
