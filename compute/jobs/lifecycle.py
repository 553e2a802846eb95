"""The lives of jobs and pipelines, as seen: only `converge` moves them; people set wishes."""

from django.db.models import TextChoices

from portal.core.lifecycle import Lifecycle


class JobStatus(TextChoices):
    SUBMITTED = "submitted", "Submitted"
    QUEUED = "queued", "Waiting"
    STARTING = "starting", "Starting"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class PipelineStatus(TextChoices):
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class Priority(TextChoices):
    """Order within a tenant's queue; the value of each is in `PRIORITIES`."""

    LOW = "low", "Low"
    NORMAL = "normal", "Normal"
    HIGH = "high", "High"
    URGENT = "urgent", "Urgent"


PRIORITIES = {Priority.LOW: 100, Priority.NORMAL: 1000, Priority.HIGH: 5000, Priority.URGENT: 9000}

J = JobStatus
ENDED = frozenset({J.SUCCEEDED, J.FAILED, J.CANCELLED})
OPEN = frozenset(J) - ENDED
JOB = Lifecycle(
    # We look now and then, so any later state may be seen after any other; a job whose hardware
    # was taken away waits again.
    moves={status: frozenset(J) - {status, J.SUBMITTED} for status in OPEN}
    | {status: frozenset() for status in ENDED},
    looks={
        J.SUBMITTED: ("info", "wait"),
        J.QUEUED: ("warn", "wait"),
        J.STARTING: ("info", "half"),
        J.RUNNING: ("info", "half"),
        J.SUCCEEDED: ("ok", "ok"),
        J.FAILED: ("bad", "bad"),
        J.CANCELLED: ("idle", "pause"),
    },
)

P = PipelineStatus
PIPELINE = Lifecycle(
    # A failed or cancelled pipeline may be started again from the step that failed.
    moves={
        P.RUNNING: frozenset({P.SUCCEEDED, P.FAILED, P.CANCELLED}),
        P.FAILED: frozenset({P.RUNNING}),
        P.CANCELLED: frozenset({P.RUNNING}),
        P.SUCCEEDED: frozenset(),
    },
    looks={
        P.RUNNING: ("info", "half"),
        P.SUCCEEDED: ("ok", "ok"),
        P.FAILED: ("bad", "bad"),
        P.CANCELLED: ("idle", "pause"),
    },
)
