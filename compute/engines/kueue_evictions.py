"""Evictions of attempts, as the events of a cluster tell them."""

import time
from collections import defaultdict
from collections.abc import Mapping

from compute.engines import kueue_names as names
from compute.engines import kueue_words as words
from compute.engines.jobs import Eviction
from compute.engines.kueue_client import Client
from compute.engines.kueue_kept import Recent

PAUSE = 2.0  # seconds


class Evictions:
    """Asks for events only where a workload says that there are more than were read: a cluster
    reads all of its events for any question about them."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known, self._asked = Recent(), Recent()

    def of(self, workload: dict) -> tuple[Eviction, ...]:
        """Of one workload."""
        return self.among({"": workload})[""]

    def among(self, workloads: Mapping[str, dict]) -> dict[str, tuple]:
        """Of several, by the same keys."""
        uids = {key: one["metadata"]["uid"] for key, one in workloads.items()}
        counts = {uids[key]: _count(one) for key, one in workloads.items()}
        fresh = defaultdict(set)
        for key, one in workloads.items():
            if self._is_fresh(uids[key], counts[uids[key]]):
                fresh[one["metadata"]["namespace"]].add(uids[key])
        for namespace, those in fresh.items():
            self._ask(namespace, those)
        return {key: self._known.get(uid, ()) if counts[uid] else () for key, uid in uids.items()}

    def _is_fresh(self, uid: str, count: int) -> bool:
        """Whether there is more than we know. What the cluster tells as one, it counts as two."""
        asked = self._asked.get(uid, float("-inf"))
        return len(self._known.get(uid, ())) < count and time.monotonic() - asked >= PAUSE

    def _ask(self, namespace: str, uids: set[str]) -> None:
        path = f"{names.CORE}/namespaces/{namespace}/events"
        one = {"fieldSelector": f"involvedObject.uid={next(iter(uids))}"} if len(uids) == 1 else {}
        told = defaultdict(list)
        for event in self._client.every(path, **one):
            if (uid := event["involvedObject"].get("uid")) in uids and _tells(event):
                told[uid].append(event)
        for uid in uids:
            self._asked.note(uid, time.monotonic())
            self._known.note(uid, self._read(told[uid]))

    def _read(self, events: list[dict]) -> tuple[Eviction, ...]:
        found = []
        for event in events:
            message = event.get("message") or ""
            preempted = event["reason"] == "Preempted"
            rule = words.rule_of(message) if preempted else event["reason"][len("EvictedDueTo") :]
            by = words.preemptor_of(message) if preempted else ""
            at = names.moment(event.get("eventTime") or event.get("firstTimestamp"))
            told = words.EVICTED.get(rule, words.OTHERWISE)
            found.append(Eviction(at, rule, self._job_of(by) if by else "", told))
        return tuple(sorted(found, key=lambda eviction: eviction.at))

    def _job_of(self, uid: str) -> str:
        """The attempt with this uid of the cluster."""
        path = f"{names.KUEUE}/workloads"
        for one in self._client.every(path, labelSelector=f"{names.JOB_UID}={uid}"):
            return owner_of(one)
        return ""


def owner_of(workload: dict) -> str:
    """The name of the Job that a workload stands for."""
    owners = workload["metadata"].get("ownerReferences") or ()
    return next((owner["name"] for owner in owners if owner["kind"] == "Job"), "")


def _counted(workload: dict) -> list[dict]:
    """What the workload itself counts of its evictions; stopping is no eviction."""
    stats = (workload.get("status") or {}).get("schedulingStats") or {}
    found = stats.get("evictions") or ()
    return [entry for entry in found if not entry["reason"].startswith("Deactivated")]


def _count(workload: dict) -> int:
    return sum(entry.get("count") or 1 for entry in _counted(workload))


def _tells(event: dict) -> bool:
    reason = event["reason"]
    if reason == "EvictedDueToPreempted" or reason.startswith("EvictedDueToDeactivated"):
        return False
    return reason == "Preempted" or reason.startswith("EvictedDueTo")
