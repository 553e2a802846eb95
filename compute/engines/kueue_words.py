"""Why a job waits, was evicted or ended: the cluster's terms in words for people."""

import re
from dataclasses import dataclass

from compute.engines.jobs import EndCause, WaitCause

PREEMPTED_BY = re.compile(r"JobUID: ([0-9a-f-]{36})")
DUE_TO = re.compile(r"due to ([^;]+)")
RULES = {
    "prioritization in the ClusterQueue": "InClusterQueue",
    "reclamation within the cohort": "InCohortReclamation",
    "Fair Sharing within the cohort": "InCohortFairSharing",
    "reclamation within the cohort while borrowing": "InCohortReclaimWhileBorrowing",
}
EVICTED = {
    "InClusterQueue": "A job of the same team with a higher priority needed its hardware.",
    "InCohortReclamation": "Its hardware was borrowed, and the team it belongs to needed it.",
    "InCohortFairSharing": "Its team used more than its share while another waited for its own.",
    "InCohortReclaimWhileBorrowing": "Its hardware was borrowed, and a job of higher priority "
    "needed it.",
    "PodsReadyTimeout": "It was not running in time, so its hardware was given back.",
    "NodeFailures": "A machine it ran on failed.",
    "ClusterQueueStopped": "Its team's queue was closed.",
    "LocalQueueStopped": "Its team's queue was closed.",
}
OTHERWISE = "The cluster took its hardware away."
ENDED = {
    EndCause.COMPLETED: "It has finished.",
    EndCause.EXIT: "Its program ended with an error.",
    EndCause.MEMORY: "It took more memory than it had asked for.",
    EndCause.TIME_LIMIT: "It was ended because it ran to its time limit.",
    EndCause.NODE_LOST: "The machine it ran on was lost.",
    EndCause.EVICTED: "Its hardware was taken away.",
    EndCause.STOPPED: "It was stopped.",
    EndCause.GONE: "It was removed from the cluster by somebody else.",
    EndCause.REFUSED: "The cluster will not run it.",
}
BEING_FREED = "Hardware is being freed for it."
NO_NODE = "No machine has hardware of that kind and size where the job may run."
NOT_IN_ONE_PLACE = "Enough is free, but not together in one place."


@dataclass(frozen=True)
class Wait:
    """A cause, and how it is told."""

    cause: WaitCause
    words: str


def of_queue(reason: str, message: str, position: int | None, possible: bool) -> Wait:
    """From what Kueue says of a workload without quota. `possible`: some machine could hold it."""
    if not possible:
        return Wait(WaitCause.NO_HARDWARE, NO_NODE)
    said = message.lower()
    for applies, cause, words in WAITS:
        if applies(reason, said):
            return Wait(cause, words)
    if position and position > 1:
        return behind(position)
    if reason == "WaitingForQuota" or "quota" in said or "no longer fits" in said:
        return Wait(
            WaitCause.QUOTA, "All that your team has and may borrow is in use. It is next."
        )
    return behind(position)


def behind(position: int | None) -> Wait:
    """Others come first, or nobody has looked at it yet."""
    if not position or position == 1:
        return Wait(WaitCause.BEHIND, "It is the next of your team.")
    others = position - 1
    first = "1 job of your team comes" if others == 1 else f"{others} jobs of your team come"
    return Wait(WaitCause.BEHIND, f"{first} first.")


def evicted() -> Wait:
    return Wait(WaitCause.QUOTA, "Its hardware was needed elsewhere. It waits to run again.")


def held(words: str) -> Wait:
    return Wait(WaitCause.HELD, words)


def of_refusal(message: str) -> Wait:
    """From what the cluster says when a job's pods are not even made."""
    if "exceeded quota" in message:
        return Wait(WaitCause.QUOTA, "Your team's space in the cluster is used up.")
    return held("The cluster's rules forbid its processes. An operator has to look at it.")


def without_image() -> Wait:
    return Wait(
        WaitCause.IMAGE, "Its image cannot be fetched or started. Check its name and its access."
    )


def starting() -> Wait:
    return Wait(WaitCause.STARTING, "It is being started.")


def no_place(possible: bool) -> Wait:
    """Quota was given, and no machine takes it."""
    if not possible:
        return Wait(WaitCause.NO_HARDWARE, NO_NODE)
    return Wait(WaitCause.SPACE, NOT_IN_ONE_PLACE)


def rule_of(message: str) -> str:
    """The engine's own term for why a job was pre-empted."""
    found = DUE_TO.search(message)
    return RULES.get(found[1].strip(), found[1].strip()) if found else "Preempted"


def preemptor_of(message: str) -> str:
    """The cluster's uid of the job that got the hardware; empty where none is named."""
    found = PREEMPTED_BY.search(message)
    return found[1] if found else ""


def _is_closed(reason: str, said: str) -> bool:
    if reason in {"Misconfigured", "Suspended", "Inadmissible"}:
        return True
    return any(text in said for text in ("inactive", "doesn't exist", "is stopped"))


def _exceeds(reason: str, said: str) -> bool:
    """Only where no kind of hardware could ever do."""
    if reason == "ExceedsMaxQuota":
        return True
    others = ("insufficient unused quota", "topology")
    return "maximum capacity" in said and not any(text in said for text in others)


def _matches_nothing(reason: str, said: str) -> bool:
    if reason == "NoMatchingFlavor":
        return True
    return "node affinity" in said and "insufficient" not in said


def _finds_no_place(reason: str, said: str) -> bool:
    return "topology" in said or reason == "TopologyPlacementFailed"


def _is_being_freed(reason: str, said: str) -> bool:
    return reason == "WaitingForPreemptedWorkloads" or "pending the preemption" in said


WAITS = (
    (_is_closed, WaitCause.HELD, "Your team's queue is closed or not set up."),
    (
        _exceeds,
        WaitCause.TOO_LARGE,
        "It asks for more than your team may ever have, with all that it could borrow.",
    ),
    (_finds_no_place, WaitCause.SPACE, NOT_IN_ONE_PLACE),
    (
        _matches_nothing,
        WaitCause.NO_HARDWARE,
        "Your team has no hardware of the kind it needs.",
    ),
    (_is_being_freed, WaitCause.QUOTA, BEING_FREED),
)
