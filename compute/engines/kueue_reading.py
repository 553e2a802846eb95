"""What is seen of one attempt, from a Job, its workload and its pods. Asks nobody."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from compute.engines import kueue_names as names
from compute.engines import kueue_pods as pods
from compute.engines import kueue_words as words
from compute.engines.jobs import (
    EndCause,
    Eviction,
    JobPhase,
    JobSighting,
    PodSighting,
)
from compute.engines.kueue_pods import Kinds

TAKEN_WITHIN = 15  # seconds until a job that has no place in any queue is set up wrongly
ADMITTED_WITHIN = 2  # seconds until an admission that is on its way has arrived
MADE_WITHIN = 2  # seconds in which the pods of a job that is let run are made


@dataclass(frozen=True)
class Scene:
    """All that the cluster has of one attempt.

    `kinds` tells the flavour of a product in a region. `position` says its place in the queue of
    its tenant, `said` why Kueue does not let it in (a reason and a message), `possible` if any
    machine could hold one of its pods, `refused` why its pods are not made.
    """

    name: str
    job: dict | None
    workload: dict | None = None
    pods: tuple[dict, ...] = ()
    evictions: tuple[Eviction, ...] = ()
    kinds: Kinds = field(default_factory=dict)
    position: Callable[[dict], int | None] = lambda workload: None
    said: Callable[[dict], tuple[str, str]] = lambda workload: ("", "")
    possible: Callable[[dict], bool] = lambda job: True
    refused: Callable[[dict], str] = lambda job: ""
    now: datetime = field(default_factory=names.now)


def sighting(scene: Scene) -> JobSighting:
    """The attempt as the port tells it."""
    if scene.job is None or scene.job["metadata"].get("deletionTimestamp"):
        return _gone(scene)
    seen = _seen_pods(scene, _fate(scene))
    common = {
        "uid": names.labels(scene.job).get(names.UID, ""),
        "pods": seen,
        "evictions": scene.evictions,
        "flavour": _flavour(scene.workload),
        "admitted_at": _since(names.holds(names.conditions(scene.workload), "Admitted")),
        "started_at": _started(scene, seen),
    }
    rest = _ended(scene, seen) or (_waiting(scene) if _waits(scene) else _placed(scene))
    if rest["phase"] is JobPhase.WAITING:
        common |= {"started_at": None, "admitted_at": None, "flavour": ""}
    return JobSighting(scene.name, **(common | rest))


def stopped_at(job: dict) -> datetime | None:
    """When we asked it to end."""
    return names.moment(names.annotations(job).get(names.STOPPED))


def wants(job: dict) -> int:
    return job["spec"].get("completions") or 1


def verdict(job: dict) -> dict | None:
    """The condition that says how the Job ended; its own end may still be near."""
    found = names.conditions(job)
    kinds = ("Complete", "Failed", "SuccessCriteriaMet", "FailureTarget")
    return next(filter(None, (names.holds(found, kind) for kind in kinds)), None)


def _gone(scene: Scene) -> JobSighting:
    """Somebody removed the Job; what is held back of its pods is still told."""
    seen = _seen_pods(scene, pods.Fate(gone=True))
    if not seen:
        return JobSighting(scene.name, JobPhase.ABSENT)
    first = names.first(list(scene.pods), pods.held_back)
    rest = {"uid": names.labels(first).get(names.UID, ""), "pods": seen}
    if any(pod.ended_at is None for pod in seen):
        return JobSighting(scene.name, JobPhase.RUNNING, **rest)
    return JobSighting(
        scene.name,
        JobPhase.FAILED,
        words=words.ENDED[EndCause.GONE],
        ended_at=max(pod.ended_at for pod in seen),
        end=EndCause.GONE,
        **rest,
    )


def _fate(scene: Scene) -> pods.Fate:
    found = verdict(scene.job)
    failed = found and found["type"] in {"Failed", "FailureTarget"}
    return pods.Fate(
        stopped_at=stopped_at(scene.job),
        began_at=_began(scene),
        failed=(found.get("reason") or "Failed") if failed else "",
    )


def _seen_pods(scene: Scene, fate: pods.Fate) -> tuple[PodSighting, ...]:
    """Those that were on a node and are not yet written down, oldest first."""
    shown = [pod for pod in scene.pods if pods.held_back(pod) and pods.was_placed(pod)]
    shown.sort(key=lambda pod: (pod["metadata"]["creationTimestamp"], pods.index_of(pod)))
    return tuple(pods.sighting(pod, scene.kinds, fate, scene.now) for pod in shown)


def _flavour(workload: dict | None) -> str:
    admission = ((workload or {}).get("status") or {}).get("admission") or {}
    for assigned in admission.get("podSetAssignments") or ():
        given = assigned.get("flavors") or {}
        return next((given[name] for name in (names.GPU, names.SHARED_GPU, "cpu") if name in given
                     ), "")  # fmt: skip
    return ""


def _started(scene: Scene, seen: tuple[PodSighting, ...]) -> datetime | None:
    """Since when its present pods run."""
    since = _began(scene)
    if since is None:
        return None
    return min((pod.started_at for pod in seen if pod.started_at and pod.started_at >= since),
               default=None)  # fmt: skip


def _began(scene: Scene) -> datetime | None:
    """Since when the Job is let run; none while it is suspended."""
    return names.moment((scene.job.get("status") or {}).get("startTime"))


def _since(condition: dict | None) -> datetime | None:
    return names.moment(condition["lastTransitionTime"]) if condition else None


def _live(scene: Scene) -> list[dict]:
    return [pod for pod in scene.pods if pods.is_live(pod, scene.now)]


def _ended(scene: Scene, seen: tuple[PodSighting, ...]) -> dict | None:
    """How it ended, None while it has not: nothing of it may hold hardware then."""
    found = verdict(scene.job)
    if not found and any(pods.is_lost(pod, scene.now) for pod in scene.pods):
        return _told(JobPhase.FAILED, EndCause.NODE_LOST, max(_ends(seen), default=scene.now))
    if _live(scene):
        return None
    if found:
        return _finished(scene, seen, found)
    if _is_stopped(scene):
        at = max([stopped_at(scene.job), *_ends(seen)])
        return _told(JobPhase.STOPPED, EndCause.STOPPED, at)
    return None


def _is_stopped(scene: Scene) -> bool:
    """Asked to, and its queue will not start it again.

    Kueue may be about to start what it admitted just before it was told. It marks the workload as
    evicted when it has heard, and then takes the quota back only where the Job does not run: after
    that it starts nothing (step 6 of `jobframework/reconciler.go`, Kueue 0.19). One that held no
    quota gets a moment, in which an admission on its way arrives.
    """
    if stopped_at(scene.job) is None or not scene.job["spec"].get("suspend"):
        return False
    if scene.workload is None or scene.workload["spec"].get("active") is not False:
        return False
    told = names.conditions(scene.workload)
    evicted, quota = names.holds(told, "Evicted"), told.get("QuotaReserved")
    if not evicted or names.holds(told, "QuotaReserved"):
        return False
    taken_back = quota and quota.get("message") == evicted.get("message")
    if taken_back and evicted.get("reason") == "Deactivated":
        return True
    since = max(stopped_at(scene.job), names.moment(evicted["lastTransitionTime"]))
    return (scene.now - since).total_seconds() > ADMITTED_WITHIN


def _finished(scene: Scene, seen: tuple[PodSighting, ...], found: dict) -> dict:
    at = max(_ends(seen), default=None) or names.moment(found["lastTransitionTime"])
    if found["type"] in {"Complete", "SuccessCriteriaMet"}:
        return _told(JobPhase.SUCCEEDED, EndCause.COMPLETED, at, exit_code=0)
    every = [
        pods.sighting(pod, scene.kinds, _fate(scene), scene.now)
        for pod in scene.pods
        if pods.was_placed(pod)
    ]
    end = _cause(found.get("reason") or "", {pod.end for pod in every})
    codes = [pod.exit_code for pod in every if pod.end is end and pod.exit_code is not None]
    said = found.get("message") or ""
    return _told(JobPhase.FAILED, end, at, exit_code=codes[0] if codes else None, detail=said)


def _cause(reason: str, ends: set[EndCause | None]) -> EndCause:
    """Why a Job failed. The cluster counts pods among its failures that were taken away from it
    before their process had ended, even before it began: that is no doing of the program."""
    if reason == "DeadlineExceeded":
        return EndCause.TIME_LIMIT
    if EndCause.NODE_LOST in ends or reason == "PodFailurePolicy":
        return EndCause.NODE_LOST
    own = (EndCause.MEMORY, EndCause.EXIT)
    return next((end for end in own if end in ends), EndCause.EVICTED)


def _told(phase: JobPhase, end: EndCause, at: datetime, **rest) -> dict:
    return {"phase": phase, "end": end, "ended_at": at, "words": words.ENDED[end]} | rest


def _ends(seen: tuple[PodSighting, ...]) -> list[datetime]:
    return [pod.ended_at for pod in seen if pod.ended_at]


def _waits(scene: Scene) -> bool:
    """Without hardware: suspended, and nothing of it is left on a node."""
    return bool(scene.job["spec"].get("suspend")) and not _live(scene)


def _waiting(scene: Scene) -> dict:
    position = scene.position(scene.workload) if scene.workload else None
    wait, detail = _why(scene, position)
    return {
        "phase": JobPhase.WAITING,
        "wait": wait.cause,
        "words": wait.words,
        "detail": detail,
        "position": position,
    }


def _why(scene: Scene, position: int | None) -> tuple[words.Wait, str]:
    if scene.workload is None:
        age = scene.now - names.moment(scene.job["metadata"]["creationTimestamp"])
        if age.total_seconds() < TAKEN_WITHIN:
            return words.behind(None), ""
        return words.held("No queue takes it. An operator has to look at it."), ""
    if scene.workload["spec"].get("active") is False:
        return words.held("It was put aside in the cluster. Retry it, or ask an operator."), ""
    found = names.conditions(scene.workload)
    reserved = found.get("QuotaReserved")
    if evicted := names.holds(found, "Evicted"):
        return words.evicted(), evicted.get("message") or ""
    if reserved and reserved["status"] == "True":
        return words.starting(), ""
    reason, message = scene.said(scene.workload)
    possible = scene.possible(scene.job)
    return words.of_queue(reason, message, position, possible), message


def _placed(scene: Scene) -> dict:
    """It has hardware, or is giving it back."""
    live = _live(scene)
    if live and all(pod["metadata"].get("deletionTimestamp") for pod in live):
        return {"phase": JobPhase.RUNNING, "words": "Its hardware is being given back."}
    up = [pod for pod in scene.pods if pods.is_running(pod)]
    done = (scene.job.get("status") or {}).get("succeeded") or 0
    ended = [pod for pod in scene.pods if pods.is_over(pod) and _of_now(scene, pod)]
    if max(done, len(ended)) + len(up) >= wants(scene.job):
        return {"phase": JobPhase.RUNNING}
    wait, detail = _not_up(scene, live)
    nowhere = not any(pods.was_placed(pod) for pod in live)
    without = nowhere and wait.cause is not words.starting().cause
    phase = JobPhase.WAITING if without else JobPhase.STARTING
    return {"phase": phase, "wait": wait.cause, "words": wait.words, "detail": detail}


def _of_now(scene: Scene, pod: dict) -> bool:
    """Whether it began since the Job was last let run, and was not replaced."""
    since = _began(scene)
    return bool(since) and names.moment(pod["metadata"]["creationTimestamp"]) >= since


def _not_up(scene: Scene, live: list[dict]) -> tuple[words.Wait, str]:
    for pod in live:
        if said := pods.without_image(pod):
            return words.without_image(), said
    for pod in live:
        if said := pods.unplaceable(pod):
            return words.no_place(scene.possible(scene.job)), said
    late = (scene.now - (_began(scene) or scene.now)).total_seconds() > MADE_WITHIN
    if late and len(live) < wants(scene.job) and (said := scene.refused(scene.job)):
        return words.of_refusal(said), said
    return words.starting(), ""
