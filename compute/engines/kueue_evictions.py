"""Evictions of attempts, as the events of a cluster tell them."""

from collections import defaultdict
from collections.abc import Callable

from compute.engines import kueue_names as names
from compute.engines import kueue_words as words
from compute.engines.jobs import Eviction
from compute.engines.kueue_client import Client


class Evictions:
    """Asks for events only where a workload says that there are some."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def of(self, workload: dict) -> tuple[Eviction, ...]:
        if not _reasons(workload):
            return ()
        meta = workload["metadata"]
        told = self._client.every(
            f"{names.CORE}/namespaces/{meta['namespace']}/events",
            fieldSelector=f"involvedObject.uid={meta['uid']}",
        )
        return self._read([event for event in told if _tells(event)], self._job_of)

    def every(self, workloads: dict, jobs: dict) -> dict[str, tuple[Eviction, ...]]:
        """By the uid of the Job; one list for each reason that there is."""
        reasons = set().union(*map(_reasons, workloads.values())) if workloads else set()
        owners = {one["metadata"]["uid"]: uid for uid, one in workloads.items()}
        told = defaultdict(list)
        for reason in sorted(reasons):
            for event in self._client.every(
                f"{names.CORE}/events", fieldSelector=f"reason={reason}"
            ):
                if owner := owners.get(event["involvedObject"].get("uid")):
                    told[owner].append(event)
        known = {uid: job["metadata"]["name"] for uid, job in jobs.items()}
        return {uid: self._read(events, known.get) for uid, events in told.items()}

    def _read(self, events: list[dict], job_of: Callable) -> tuple[Eviction, ...]:
        found = []
        for event in events:
            message = event.get("message") or ""
            preempted = event["reason"] == "Preempted"
            rule = words.rule_of(message) if preempted else event["reason"][len("EvictedDueTo") :]
            by = words.preemptor_of(message) if preempted else ""
            at = names.moment(event.get("eventTime") or event.get("firstTimestamp"))
            told = words.EVICTED.get(rule, words.OTHERWISE)
            found.append(Eviction(at, rule, (job_of(by) or "") if by else "", told))
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


def _reasons(workload: dict) -> set[str]:
    """Reasons of the events that tell its evictions; stopping is no eviction."""
    stats = (workload.get("status") or {}).get("schedulingStats") or {}
    found = {entry["reason"] for entry in stats.get("evictions") or ()}
    return {
        "Preempted" if reason == "Preempted" else f"EvictedDueTo{reason}"
        for reason in found
        if not reason.startswith("Deactivated")
    }


def _tells(event: dict) -> bool:
    reason = event["reason"]
    if reason == "EvictedDueToPreempted" or reason.startswith("EvictedDueToDeactivated"):
        return False
    return reason == "Preempted" or reason.startswith("EvictedDueTo")
