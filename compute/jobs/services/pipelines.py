"""What people wish of pipelines: start one, cancel it, go on from where it failed."""

from django.db import transaction
from django.utils import timezone

from compute.jobs import broadcast_plans as broadcast
from compute.jobs import definitions
from compute.jobs.definitions import Flaw, Flawed, Planned
from compute.jobs.lifecycle import JobStatus, PipelineStatus
from compute.jobs.models import Job, Pipeline, Step
from compute.jobs.services import asking, needs
from compute.jobs.services.hardware import hardware_for
from portal.audit.services import advance, denied, record
from portal.core.background import after_commit
from portal.core.errors import Conflict, Refused
from tenants.directory.models import Tenant
from tenants.directory.roles import TenantRole


@transaction.atomic
def start_pipeline(tenant: Tenant, *, by, name: str, steps: list) -> Pipeline:
    """Run `steps` for `tenant`, each as a job of `by` as soon as those it needs have succeeded.

    A step is `{slug, command, name, after, inputs, outputs, needs, ...}` with other fields of a
    job. Consumers of the tenant. Raises `Flawed` with all that is wrong, `Refused`, 403.
    """
    if not by.may(TenantRole.CONSUMER, tenant):
        why = f"Only people of {tenant} start pipelines for it."
        raise denied("start a pipeline for", tenant, by=by, why=why, tenant=tenant)
    name = needs.CHECKS["name"]("name", name)
    planned = definitions.check(steps, known=needs.ASKS)
    facts = _checked(tenant, by, planned)
    pipeline = Pipeline.objects.create(tenant=tenant, person=by, name=name)
    Step.objects.bulk_create(
        Step(
            tenant=tenant, pipeline=pipeline, place=place, slug=step.slug, name=step.name,
            after=list(step.after), asks=asks, inputs=list(step.inputs),
            outputs=list(step.outputs),
        )
        for place, (step, asks) in enumerate(zip(planned, facts, strict=True), 1)
    )  # fmt: skip
    record("started a pipeline", pipeline, by=by, steps=[step.slug for step in planned])
    _go_on(pipeline)
    return pipeline


@transaction.atomic
def cancel_pipeline(pipeline: Pipeline, *, by, note: str = "") -> Pipeline:
    """Start no more of its steps, and cancel those that run. Raises `Conflict`, 403."""
    _require_hand(by, "cancel", pipeline)
    pipeline = _locked(pipeline)
    if pipeline.ended:
        words = f"{pipeline} has ended: {pipeline.get_status_display().lower()}."
        raise Conflict(words)
    if pipeline.cancel_asked_at is None:
        reason = f"Cancelled by {by.username}. {note.strip()}".strip()[:300]
        _wish(pipeline, cancel_asked_at=timezone.now(), reason=reason)
        record("asked to cancel", pipeline, by=by, note=note)
        _go_on(pipeline)
    return pipeline


@transaction.atomic
def restart_pipeline(pipeline: Pipeline, *, by, from_step: str = "") -> Pipeline:
    """Go on with a pipeline that failed or was cancelled: what succeeded is kept.

    `from_step`: this step and all that need it run again too, whether or not they succeeded.
    Raises `Refused` for a step that is not there, `Conflict`, 403.
    """
    _require_hand(by, "restart", pipeline)
    pipeline = _locked(pipeline)
    if pipeline.status == PipelineStatus.RUNNING:
        raise Conflict("This pipeline runs. Cancel it first.")
    if pipeline.status == PipelineStatus.SUCCEEDED:
        raise Conflict("All steps succeeded. Start the pipeline anew to run them again.")
    steps = list(pipeline.steps.select_related("job"))
    again = _behind(steps, from_step) if from_step else set()
    again |= {s.slug for s in steps if s.job is None or s.job.status != JobStatus.SUCCEEDED}
    pipeline.steps.filter(slug__in=again).update(job=None)
    _wish(pipeline, cancel_asked_at=None, reason="", ended_at=None)
    kept = sorted({step.slug for step in steps} - again)
    advance(pipeline, PipelineStatus.RUNNING, by=by, again=sorted(again), kept=kept)
    _go_on(pipeline)
    return pipeline


def _checked(tenant: Tenant, by, planned: list[Planned]) -> list[dict]:
    """What each step asks for, as JSON holds it; `Flawed` with the first flaw of each step."""
    flaws, found = [], []
    for step in planned:
        try:
            found.append(_asks(tenant, by, step))
        except Refused as refused:
            flaws.append(Flaw(("steps", step.number, refused.field or "slug"), refused.detail))
    if flaws:
        raise Flawed(flaws)
    return found


def _asks(tenant: Tenant, by, step: Planned) -> dict:
    facts = needs.checked({"name": step.name} | dict(step.asks))
    asking.require_rank(by, tenant, facts.get("priority", "normal"))
    job = Job(tenant=tenant, person=by, **facts)
    asking.bind(job)
    hardware_for(job)
    return {name: plain(value) for name, value in facts.items() if name != "name"}


def plain(value):
    """A value as JSON holds it: decimals as text, so that none is rounded."""
    return value if isinstance(value, str | bool | int | list | dict) else str(value)


def _behind(steps: list[Step], slug: str) -> set[str]:
    """A step and all that need it, directly or not."""
    found = {step.slug for step in steps if step.slug == slug}
    if not found:
        names = ", ".join(step.slug for step in steps)
        raise Refused(f"There is no step {slug[:40]!r}. There are {names}.", field="from_step")
    for step in steps:  # those that are needed come first
        if found.intersection(step.after):
            found.add(step.slug)
    return found


def _locked(pipeline: Pipeline) -> Pipeline:
    rows = Pipeline.objects.select_for_update(of=("self",)).to_show()
    return rows.get(pk=pipeline.pk)


def _require_hand(by, verb: str, pipeline: Pipeline) -> None:
    if Pipeline.objects.changeable_by(by).filter(pk=pipeline.pk).exists():
        return
    why = f"Only who started it, owners of {pipeline.tenant} and operators can do this."
    raise denied(verb, pipeline, by=by, why=why)


def _wish(pipeline: Pipeline, **columns) -> None:
    Pipeline.objects.filter(pk=pipeline.pk).update(**columns)
    for name, value in columns.items():
        setattr(pipeline, name, value)


def _go_on(pipeline: Pipeline) -> None:
    broadcast.pipeline_moved(pipeline.pk, tenant_id=pipeline.tenant_id)
    after_commit("jobs.converge_pipeline", pipeline_id=str(pipeline.pk))
