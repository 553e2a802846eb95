"""The life of an endpoint, as seen: only `converge` moves it; people set what they wish."""

from django.db.models import TextChoices

from portal.core.lifecycle import Lifecycle


class EndpointStatus(TextChoices):
    REQUESTED = "requested", "Requested"
    STARTING = "starting", "Starting"
    READY = "ready", "Ready"
    UNHEALTHY = "unhealthy", "Unhealthy"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Stopped"


S = EndpointStatus
ALL = frozenset(S)
ENDPOINT = Lifecycle(
    # We look now and then, so any state may be seen after any other.
    moves={status: ALL - {status} for status in S},
    looks={
        S.REQUESTED: ("info", "wait"),
        S.STARTING: ("info", "half"),
        S.READY: ("ok", "ok"),
        S.UNHEALTHY: ("warn", "warn"),
        S.FAILED: ("bad", "bad"),
        S.STOPPED: ("idle", "pause"),
    },
)
