"""Why a job waits and how it ended, for people who know no engine."""

from compute.engines.jobs import EndCause, JobPhase, JobSighting, WaitCause
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Job
from portal.core.templatetags._words import span

SILENT = "The cluster does not answer now. This is tried again by itself; nothing is lost."
STOPPING = "It is being stopped."
STOPPING_SILENT = "It is stopped as soon as the cluster answers again."
WAITS = {
    WaitCause.BEHIND: "Other jobs come first.",
    WaitCause.QUOTA: "What your team has and may borrow is in use.",
    WaitCause.SPACE: "Enough is free, but not in one place.",
    WaitCause.STARTING: "Hardware is set aside. The job is being started.",
    WaitCause.TOO_LARGE: "Your team could never get so much at once. Ask for less.",
    WaitCause.NO_HARDWARE: "There is no hardware of this kind where the job may run.",
    WaitCause.HELD: "The queue of your team is closed. An operator opens it again.",
    WaitCause.IMAGE: "Its image cannot be fetched. Check the name, or ask an operator.",
    WaitCause.SILENT: SILENT,
}
ENDS = {
    EndCause.NODE_LOST: "The node it ran on was lost.",
    EndCause.GONE: "Somebody removed it from the cluster.",
    EndCause.STOPPED: "It was stopped in the cluster.",
    EndCause.EVICTED: "Its hardware was taken away.",
    EndCause.REFUSED: "The cluster will not run it.",
}


def of_wait(job: Job, seen: JobSighting) -> str:
    """Why it does not run yet; empty while it runs."""
    if seen.phase is JobPhase.RUNNING:
        return ""
    return seen.words or WAITS.get(seen.wait, "")


def of_end(job: Job, seen: JobSighting, end: str) -> str:
    """How an attempt ended."""
    if end == EndCause.EXIT:
        code = "" if seen.exit_code is None else f" with code {seen.exit_code}"
        return f"Its program failed{code}."
    if end == EndCause.MEMORY:
        return f"It used more than the {job.memory_gb:g} GB of memory that it asked for."
    if end == EndCause.TIME_LIMIT:
        return f"It reached its time limit of {span(job.time_limit_s)}."
    if end == EndCause.REFUSED:
        return seen.words or ENDS[end]
    return ENDS.get(end, seen.words)


def of_finish(job: Job, status: str) -> str:
    """The last line of the timeline, of a job that becomes so."""
    if status == JobStatus.SUCCEEDED:
        return "Finished."
    if status == JobStatus.CANCELLED:  # who did it and why stands on the line of the wish
        return "Stopped, its hardware is given back." if job.started_at else "Left the line."
    return job.reason or JobStatus(status).label
