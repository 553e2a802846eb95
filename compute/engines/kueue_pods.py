"""One pod of a job, read: since when it runs, whether it holds hardware, and how it ended."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from compute.engines import kueue_names as names
from compute.engines.jobs import EndCause, PodSighting

NO_IMAGE = {
    *("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"),
    *("RegistryUnavailable", "ImageInspectError", "CreateContainerConfigError"),
    *("CreateContainerError", "RunContainerError"),
}
INDEX = "batch.kubernetes.io/job-completion-index"
PATIENCE = timedelta(seconds=5)  # behind its grace, until a silent pod is taken for lost
Kinds = Mapping[tuple[str, str], str]  # names of flavours by product and region
BLUR = timedelta(seconds=2)  # clocks and rounding differ by less


@dataclass(frozen=True)
class Fate:
    """What is known of the job that says how its deleted pods are to be understood.

    `stopped_at` is when it was asked to end, `failed` why the cluster says that it failed,
    `began_at` since when it has the hardware that it had last.
    """

    stopped_at: datetime | None = None
    gone: bool = False
    failed: str = ""
    began_at: datetime | None = None


@dataclass(frozen=True)
class Over:
    """A pod that is held back and will never hold hardware again."""

    uid: str
    name: str
    placed: bool


def over(found: Iterable[dict], now: datetime) -> tuple[Over, ...]:
    """Those of them that may be let go once they are written down."""
    return tuple(
        Over(pod["metadata"]["uid"], pod["metadata"]["name"], was_placed(pod))
        for pod in found
        if held_back(pod) and not is_live(pod, now)
    )


def held_back(pod: dict) -> bool:
    """Whether it is still to be written down."""
    return names.SEEN in (pod["metadata"].get("finalizers") or ())


def was_placed(pod: dict) -> bool:
    return bool(pod["spec"].get("nodeName"))


def index_of(pod: dict) -> int:
    return int(names.annotations(pod).get(INDEX) or 0)


def asked_to_end_at(pod: dict) -> datetime | None:
    """When it was deleted: its mark tells until when it has time."""
    meta = pod["metadata"]
    until = names.moment(meta.get("deletionTimestamp"))
    return until and until - timedelta(seconds=meta.get("deletionGracePeriodSeconds") or 0)


def disrupted(pod: dict) -> dict | None:
    """The condition that says that the cluster took it away, not its job."""
    return names.holds(names.conditions(pod), "DisruptionTarget")


def is_lost(pod: dict, now: datetime) -> bool:
    """Deleted, its time is over, and its node never said that it ended."""
    until = names.moment(pod["metadata"].get("deletionTimestamp"))
    return bool(until) and was_placed(pod) and not is_over(pod) and now > until + PATIENCE


def is_over(pod: dict) -> bool:
    return pod["status"].get("phase") in {"Succeeded", "Failed"}


def is_live(pod: dict, now: datetime) -> bool:
    """Whether it holds hardware, or will."""
    if is_over(pod) or is_lost(pod, now):
        return False
    return was_placed(pod) or not pod["metadata"].get("deletionTimestamp")


def is_running(pod: dict) -> bool:
    return pod["status"].get("phase") == "Running" and not pod["metadata"].get("deletionTimestamp")


def unplaceable(pod: dict) -> str:
    """What the scheduler says against it; empty if nothing."""
    said = names.conditions(pod).get("PodScheduled")
    if said and said["status"] == "False" and said.get("reason") == "Unschedulable":
        return said.get("message") or "Unschedulable"
    return ""


def without_image(pod: dict) -> str:
    """Why its container cannot be made; empty if nothing is wrong."""
    for box in pod["status"].get("containerStatuses") or ():
        waits = (box.get("state") or {}).get("waiting") or {}
        if waits.get("reason") in NO_IMAGE:
            return f"{waits['reason']}: {waits.get('message') or ''}".rstrip(": ")
    return ""


def sighting(pod: dict, kinds: Kinds, fate: Fate, now: datetime) -> PodSighting:
    """`kinds` tells the flavour of a product and a region; either may be empty."""
    meta, spec = pod["metadata"], pod["spec"]
    over = is_over(pod)
    lost = is_lost(pod, now)
    end, reason = _end(pod, fate, lost) if over or lost else (None, "")
    selected = spec.get("nodeSelector") or {}
    return PodSighting(
        uid=meta["uid"],
        name=meta["name"],
        index=index_of(pod),
        node=spec.get("nodeName") or "",
        flavour=_flavour(selected, kinds),
        started_at=_started(pod),
        ended_at=_ended(pod, lost) if over or lost else None,
        end=end,
        exit_code=_terminated(pod).get("exitCode") if over else None,
        reason=reason,
    )


def _flavour(selected: dict, kinds: Kinds) -> str:
    """Kueue writes the marks of a flavour's nodes into the pod."""
    product, region = selected.get(names.PRODUCT, ""), selected.get(names.REGION, "")
    return kinds.get((product, region)) or kinds.get((product, ""), "")


def _terminated(pod: dict) -> dict:
    for box in pod["status"].get("containerStatuses") or ():
        if said := (box.get("state") or {}).get("terminated"):
            return said
    return {}


def _started(pod: dict) -> datetime | None:
    """When its process began; a node that could not say more told when it took the pod."""
    for box in pod["status"].get("containerStatuses") or ():
        for said in (box.get("state") or {}).values():
            if began := names.moment(said.get("startedAt")):
                return began
    if pod["status"].get("phase") in {"Running", "Succeeded", "Failed"}:
        return names.moment(pod["status"].get("startTime"))
    return None


def _ended(pod: dict, lost: bool) -> datetime:
    if not lost and (said := names.moment(_terminated(pod).get("finishedAt"))):
        return said
    taken = disrupted(pod)
    at = names.moment(taken["lastTransitionTime"]) if taken else asked_to_end_at(pod)
    return at or _changed(pod) or names.moment(pod["metadata"]["creationTimestamp"])


def _changed(pod: dict) -> datetime | None:
    times = [entry.get("lastTransitionTime") for entry in names.conditions(pod).values()]
    return names.moment(max(filter(None, times), default=None))


def _end(pod: dict, fate: Fate, lost: bool) -> tuple[EndCause, str]:
    """Its own doing if it ended before it was asked to, else what its job tells."""
    said = _terminated(pod)
    asked = asked_to_end_at(pod)
    finished = names.moment(said.get("finishedAt"))
    if pod["status"].get("phase") == "Succeeded":
        return EndCause.COMPLETED, ""
    if lost or disrupted(pod):
        taken = disrupted(pod) or {}
        return EndCause.NODE_LOST, taken.get("message") or "Its node does not answer."
    if said.get("reason") == "OOMKilled":
        return EndCause.MEMORY, "OOMKilled"
    if asked is None or (finished and finished < asked - BLUR):
        if not said:
            status = pod["status"]
            return EndCause.NODE_LOST, status.get("message") or status.get("reason") or ""
        return EndCause.EXIT, said.get("message") or said.get("reason") or ""
    return _by_job(pod, asked, fate)


def _by_job(pod: dict, asked: datetime, fate: Fate) -> tuple[EndCause, str]:
    if fate.gone:
        return EndCause.GONE, "Its job was removed."
    if fate.stopped_at and asked >= fate.stopped_at:
        return EndCause.STOPPED, ""
    if fate.began_at and names.moment(pod["metadata"]["creationTimestamp"]) < fate.began_at:
        return EndCause.EVICTED, ""
    if fate.failed == "DeadlineExceeded":
        return EndCause.TIME_LIMIT, fate.failed
    if fate.failed:
        return EndCause.STOPPED, "Another process of the job failed."
    return EndCause.EVICTED, ""
