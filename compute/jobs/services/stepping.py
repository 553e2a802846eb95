"""Brings a pipeline from what its jobs say to its next steps, and to its end.

The row of the pipeline is locked while its steps are started, so of two hands the second sees
the job that the first has made; the unique index `one_job_a_step` would refuse it one anyway.
"""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from compute.jobs import broadcast_plans as broadcast
from compute.jobs.lifecycle import JobStatus, PipelineStatus
from compute.jobs.models import Pipeline, Step
from compute.jobs.services import asking, wishing
from portal.audit.services import advance
from portal.core import tenancy
from portal.core.errors import Conflict, Refused
from portal.notices import services as notices

TITLES = {
    PipelineStatus.SUCCEEDED: ("{} succeeded", "ok"),
    PipelineStatus.FAILED: ("{} failed", "bad"),
    PipelineStatus.CANCELLED: ("{} was cancelled", "info"),
}


def converge_pipeline(pipeline_id: UUID | str) -> Pipeline | None:
    """Start what can start, cancel what should end, end what is over. Safe at any time, by
    several at once; knows nothing of engines: it makes jobs, and looks at them."""
    with tenancy.as_system():
        held = Pipeline.objects.select_for_update(of=("self",)).to_show()
        pipeline = held.filter(pk=pipeline_id).first()
        if pipeline is None or pipeline.ended:
            return pipeline
        steps = list(pipeline.steps.select_related("job").order_by("place"))
        if pipeline.cancel_asked_at:
            _cancel(pipeline, steps)
        else:
            _start_ready(pipeline, steps)
        _end(pipeline, steps)
        return pipeline


def sweep_pipelines() -> int:
    """Converge every pipeline that runs; returns how many."""
    with tenancy.as_system():
        running = list(Pipeline.objects.running().values_list("pk", flat=True))
    for pipeline_id in running:
        converge_pipeline(pipeline_id)
    return len(running)


def _start_ready(pipeline: Pipeline, steps: list[Step]) -> None:
    done = {step.slug for step in steps if step.job and step.job.status == JobStatus.SUCCEEDED}
    for step in steps:
        if step.job is None and done.issuperset(step.after):
            _start(pipeline, step)


def _start(pipeline: Pipeline, step: Step) -> None:
    """Submit the job of a step as who started the pipeline; a refusal is the pipeline's reason."""
    asks = {"name": f"{pipeline.name}: {step.name}"[:80], "notify": False} | step.asks
    step.pipeline = pipeline
    try:
        step.job = asking.submit(pipeline.tenant, by=pipeline.person, step=step, **asks)
    except Refused as refused:
        _note(pipeline, f"{step.name} could not be started: {refused.detail}")
        return
    except PermissionDenied as refused:
        _note(pipeline, f"{step.name} could not be started: {refused}")
        return
    Step.objects.filter(pk=step.pk).update(job=step.job)


def _cancel(pipeline: Pipeline, steps: list[Step]) -> None:
    for step in steps:
        if step.job and not step.job.ended and not step.job.cancel_asked_at:
            try:
                wishing.cancel(step.job, by=None, note=f"With its pipeline. {pipeline.reason}")
            except Conflict:  # it ended in this moment
                step.job.refresh_from_db()


def _end(pipeline: Pipeline, steps: list[Step]) -> None:
    """End it when no job is open and none was started."""
    jobs = [step.job for step in steps if step.job]
    if any(not job.ended for job in jobs):
        return
    if all(step.job and step.job.status == JobStatus.SUCCEEDED for step in steps):
        to, reason = PipelineStatus.SUCCEEDED, ""
    elif pipeline.cancel_asked_at:
        to, reason = PipelineStatus.CANCELLED, pipeline.reason
    else:
        to, reason = PipelineStatus.FAILED, _why(pipeline, steps)
    Pipeline.objects.filter(pk=pipeline.pk).update(ended_at=timezone.now(), reason=reason)
    pipeline.refresh_from_db(fields=["ended_at", "reason"])
    advance(pipeline, to, by=None, note=reason)
    broadcast.pipeline_moved(pipeline.pk, tenant_id=pipeline.tenant_id)
    _tell(pipeline)


def _why(pipeline: Pipeline, steps: list[Step]) -> str:
    told = [
        f"{step.name} {step.job.get_status_display().lower()}: {step.job.reason}".rstrip(":. ")
        for step in steps
        if step.job and step.job.status != JobStatus.SUCCEEDED
    ]
    return " ".join(f"{each}." for each in told) or pipeline.reason


def _note(pipeline: Pipeline, reason: str) -> None:
    Pipeline.objects.filter(pk=pipeline.pk).update(reason=reason)
    pipeline.reason = reason


def _tell(pipeline: Pipeline) -> None:
    """One notice at the end, instead of one for each step; none to who left the tenant."""
    if not Pipeline.objects.visible_to(pipeline.person).filter(pk=pipeline.pk).exists():
        return
    title, tone = TITLES[pipeline.status]
    notices.tell(
        [pipeline.person], tenant=pipeline.tenant, title=title.format(pipeline.name),
        href=pipeline.get_absolute_url(), body=pipeline.reason, tone=tone,
    )  # fmt: skip
