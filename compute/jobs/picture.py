"""What the page of a job shows of it now: `state_of` is read by the page and by its socket."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from compute.capacity.models import Node
from compute.engines.jobs import EndCause
from compute.jobs import services
from compute.jobs.commands import write_command
from compute.jobs.lifecycle import JobStatus
from compute.jobs.logpanel import Panel
from compute.jobs.models import Happening, Job
from compute.jobs.plan_picture import idle_of
from compute.jobs.spending import money_of
from compute.jobs.tries import receipts_of, runs_of, tries_of
from compute.jobs.wording import ADVICE, WRONG, needs_in_words, span_in_words
from tenants.directory.roles import TenantRole

TOLD = 40  # lines of the timeline at once
AHEAD = 4  # jobs shown before this one
ICONS = {"ok": "ok", "warn": "warn", "bad": "bad", "info": "idle"}
ENDINGS = {
    JobStatus.SUCCEEDED: "Succeeded",
    JobStatus.FAILED: "Failed",
    JobStatus.CANCELLED: "Cancelled",
}


@dataclass(frozen=True)
class Why:
    """Why a job waits, or how it failed: the fact, what to do, and how bad that is."""

    title: str
    text: str = ""
    tone: str = ""
    symbol: str = ""
    wrong: bool = False


def state_of(job: Job, user) -> dict:
    """The context of `compute/jobs/_state.html`, as `user` may see it; of a job `with_rights`."""
    runs = runs_of(job)
    receipts = receipts_of(job, user) if runs else []
    happened = Happening.objects.visible_to(user).filter(job=job).order_by("-at", "-id")
    told = list(happened[: TOLD + 1])
    ahead = ahead_of(job)
    return {
        "job": job,
        "user": user,
        "needs": needs_in_words(job, job.flavour),
        "command": write_command(job.command) if job.command else "",
        "limit": span_in_words(job.time_limit_s),
        "steps": steps(job),
        "why": why(job),
        "words_shown": bool(job.detail) and user.is_operator,
        "clock": clock_of(job, runs),
        "log_words": Panel(job, readable=True),
        "told": [line_of(each) for each in told[:TOLD]],
        "told_more": len(told) > TOLD,
        "tries": tries_of(job, runs),
        "receipts": receipts,
        "money": money_of(job, runs, receipts),
        "ahead": ahead,
        "fewer": max(0, (job.position or 1) - 1 - len(ahead)),
        **rights_of(job, user),
        **start_of(job),
        **idle_of(job, user),
    }


def start_of(job: Job) -> dict:
    """When it should start, as it was told last, and how good such estimates were."""
    told = services.told_estimate(job)
    if told is None:
        return {}
    record = services.record_of(told.method, told.flavour)
    return {"estimate": told, "estimate_record": record}


def rights_of(job: Job, user) -> dict:
    """What `user` may do here: of the job itself, and with what was asked for."""
    seated = bool(user.tenants_as(TenantRole.CONSUMER))
    return {
        "may_change": job.may_change,
        "may_ask": seated,
        "mine": job.person_id == user.pk,
        "may_retry": user.may(TenantRole.CONSUMER, job.tenant),
        "sees_nodes": Node.objects.visible_to(user).exists(),
    }


def steps(job: Job) -> list[dict]:
    """The known path of a job, with where it is on it."""
    stopped_early = job.ended and job.started_at is None
    rows = [("Submitted", at(job.created_at), "done")]
    waited = span_in_words(job.waited_s)
    if job.waits:
        rows.append(("Waiting", f"{waited} so far", "now"))
    else:
        rows.append(("Waited", waited, "done"))
    if job.status == JobStatus.STARTING:
        rows.append(("Starting", "hardware is set aside", "now"))
    elif not stopped_early:
        rows.append(("Started", at(job.started_at), "done" if job.started_at else ""))
    if job.ended:
        rows.append((ENDINGS[job.status], at(job.ended_at), "done"))
    else:
        running = job.status == JobStatus.RUNNING
        ran = f"{span_in_words(ran_s(job))} so far" if running else ""
        rows += [("Running", ran, "now" if running else ""), ("Ends", limit_of(job), "")]
    return [{"title": title, "note": note, "state": state} for title, note, state in rows]


def limit_of(job: Job) -> str:
    return f"after {span_in_words(job.time_limit_s)} at the latest"


def at(moment: datetime | None) -> str:
    """The time of a day here, with the date where it is another day."""
    if moment is None:
        return ""
    here, today = timezone.localtime(moment), timezone.localtime()
    return f"{here:%H:%M:%S}" if here.date() == today.date() else f"{here:%-d %b, %H:%M}"


def ran_s(job: Job) -> float | None:
    """Seconds from the first start to the end, or until now."""
    if job.started_at is None:
        return None
    return max(0.0, ((job.ended_at or timezone.now()) - job.started_at).total_seconds())


def why(job: Job) -> Why | None:
    """The call-out at the top: only where it changes what somebody should do."""
    advice = ADVICE.get(job.cause, "")
    if job.ended:
        return _ended(job, advice)
    if job.cancel_asked_at:
        return Why("It is being cancelled.", "The hardware is free again in a moment.", "", "stop")
    if job.cause == EndCause.EVICTED and job.reason:
        return Why(job.reason, "It goes on by itself as soon as there is room.", "warn", "wait")
    if not job.reason or job.status == JobStatus.RUNNING:
        return None
    if job.cause in WRONG:
        return Why(job.reason, advice, "bad", "warn", wrong=True)
    return Why(job.reason, advice, "" if job.status == JobStatus.STARTING else "warn", "wait")


def _ended(job: Job, advice: str) -> Why | None:
    if job.status == JobStatus.FAILED:
        return Why(job.reason or "It failed.", advice, "bad", "bad")
    if job.status == JobStatus.CANCELLED:
        said = job.reason or "It was cancelled."
        more = "" if job.cancel_reason == said else job.cancel_reason
        return Why(said, more, "idle", "stop")
    return None


def line_of(told: Happening) -> dict:
    """One line of the timeline, as its component takes it."""
    tone = told.tone if told.tone in ("ok", "warn", "bad") else ""
    return {"title": told.words, "at": told.at, "tone": tone, "icon": ICONS.get(told.tone, "idle"),
            "detail": told.detail}  # fmt: skip


def clock_of(job: Job, runs: list) -> dict | None:
    """How far it is: as its program says, else how much of its time limit a try has used."""
    if job.ended or not job.started_at:
        return None
    if job.progress is not None:
        percent = min(100.0, max(0.0, job.progress * 100))
        note = job.progress_words or f"{percent:.0f} %"
        return {"title": "Progress", "note": note, "percent": percent, "told": f"{percent:.0f} %"}
    begun = [run.started_at for run in runs if run.started_at and run.ended_at is None]
    if not begun:
        return None
    gone = (timezone.now() - min(begun)).total_seconds()
    percent = min(100.0, 100 * gone / job.time_limit_s)
    note = f"{percent:.0f} % of its limit"
    return {"title": "Time", "note": note, "percent": percent, "told": note}


def ahead_of(job: Job) -> list[Job]:
    """Jobs of the same tenant that come before this one, the next first."""
    if job.status != JobStatus.QUEUED or not job.position:
        return []
    same = Job.objects.filter(tenant=job.tenant_id, cluster=job.cluster_id)
    before = same.filter(status=JobStatus.QUEUED, position__lt=job.position)
    found = list(before.select_related("flavour").order_by("-position")[:AHEAD])[::-1]
    for other in found:
        other.needs = needs_in_words(other, other.flavour)
    return found
