"""How the engine reads a cluster, where no cluster has to be there: the odd and the rare."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from compute.engines import kueue_names as names
from compute.engines import kueue_words as words
from compute.engines.jobs import EndCause, EngineRefused, JobPhase, LogMark, WaitCause
from compute.engines.kueue_evictions import Evictions
from compute.engines.kueue_logs import Place
from compute.engines.kueue_reading import Scene, sighting

NOW = datetime(2026, 11, 25, 12, 0, 30, tzinfo=UTC)


def job(**changes) -> dict:
    meta = {"name": "j", "namespace": "n", "uid": "u", "creationTimestamp": "2026-11-25T12:00:00Z"}
    return {
        "metadata": meta | {"labels": {names.UID: "ours"}},
        "spec": {"suspend": True, "completions": 1} | changes,
        "status": {},
    }


def workload(*conditions: dict, **spec) -> dict:
    return {
        "metadata": {"name": "w", "namespace": "n", "creationTimestamp": "2026-11-25T12:00:00Z"},
        "spec": spec,
        "status": {"conditions": list(conditions)},
    }


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("ClusterQueue x is inactive", WaitCause.HELD),
        ("LocalQueue jobs doesn't exist", WaitCause.HELD),
        ("insufficient quota for g in flavor a, 9 > maximum capacity (8)", WaitCause.TOO_LARGE),
        ("9 > maximum capacity (8), insufficient unused quota for g in b", WaitCause.QUOTA),
        ("9 > maximum capacity (8), topology t allows to fit only 1", WaitCause.SPACE),
        ("topology t doesn't allow to fit any of 1 pod(s)", WaitCause.SPACE),
        ("flavor a doesn't match node affinity", WaitCause.NO_HARDWARE),
        ("couldn't assign: Pending the preemption of 1 workload(s)", WaitCause.QUOTA),
        ("Workload no longer fits after processing another workload", WaitCause.QUOTA),
        ("", WaitCause.BEHIND),
    ],
)
def test_what_kueue_says_has_one_cause(said, cause):
    assert words.of_queue("Pending", said, 1, possible=True).cause is cause


def test_what_no_machine_could_hold_is_said_whatever_kueue_says():
    seen = words.of_queue("Pending", "insufficient unused quota", 1, possible=False)
    assert seen.cause is WaitCause.NO_HARDWARE


def test_a_job_that_no_queue_takes_is_told_apart_from_one_that_is_just_made():
    scene = Scene("j", job(), now=NOW)
    assert sighting(scene).wait is WaitCause.HELD
    early = Scene("j", job(), now=NOW.replace(second=5))
    assert sighting(early).wait is WaitCause.BEHIND


def test_one_that_somebody_put_aside_is_held():
    seen = sighting(Scene("j", job(), workload(active=False), now=NOW))
    assert (seen.phase, seen.wait) == (JobPhase.WAITING, WaitCause.HELD)


def pod(**status) -> dict:
    """On a node, held back, over."""
    marks = {"uid": "p", "name": "p", "finalizers": [names.SEEN]}
    return {
        "metadata": marks | {"creationTimestamp": "2026-11-25T12:00:05Z"},
        "spec": {"nodeName": "a"},
        "status": {"phase": "Failed"} | status,
    }


def ran(code: int, reason: str = "Error") -> dict:
    at = {"startedAt": "2026-11-25T12:00:08Z", "finishedAt": "2026-11-25T12:00:12Z"}
    return {"state": {"terminated": {"exitCode": code, "reason": reason} | at}}


DELETED = {"deletionTimestamp": "2026-11-25T12:00:11Z", "deletionGracePeriodSeconds": 0}


@pytest.mark.parametrize(
    ("pods", "end", "code"),
    [
        ([pod(containerStatuses=[ran(3)])], EndCause.EXIT, 3),
        ([pod(containerStatuses=[ran(137, "OOMKilled")])], EndCause.MEMORY, 137),
        ([], EndCause.EVICTED, None),  # deleted before it had a node, and let go
        ([pod() | {"spec": {}}], EndCause.EVICTED, None),
        ([{**pod(), "metadata": pod()["metadata"] | DELETED}], EndCause.EVICTED, None),
    ],
)
def test_a_program_is_blamed_only_for_what_one_of_its_processes_did(pods, end, code):
    failed = job(suspend=False)
    failed["status"] = {"conditions": [told("Failed", reason="BackoffLimitExceeded")]}
    seen = sighting(Scene("j", failed, workload(*HELD), tuple(pods), now=NOW))
    assert (seen.phase, seen.end, seen.exit_code) == (JobPhase.FAILED, end, code)
    assert seen.words == words.ENDED[end]


def told(kind: str, status: str = "True", second: int = 20, **said) -> dict:
    at = f"2026-11-25T12:00:{second}Z"
    return {"type": kind, "status": status, "lastTransitionTime": at} | said


OFF = {"reason": "Deactivated", "message": "The workload is deactivated"}
HELD = (told("QuotaReserved"), told("Admitted"))


@pytest.mark.parametrize(
    ("conditions", "phase"),
    [
        ((), JobPhase.WAITING),
        (HELD, JobPhase.WAITING),
        ((*HELD, told("Evicted", **OFF)), JobPhase.WAITING),
        ((told("Evicted", second=29, **OFF),), JobPhase.WAITING),
        ((told("Evicted", **OFF),), JobPhase.STOPPED),
        (
            (told("Evicted", second=29, **OFF), told("QuotaReserved", "False", message="busy")),
            JobPhase.WAITING,
        ),
        (
            (told("Evicted", second=29, **OFF), told("QuotaReserved", "False", **OFF)),
            JobPhase.STOPPED,
        ),
    ],
)
def test_what_kueue_may_still_start_is_not_called_stopped(conditions, phase):
    asked = job()
    asked["metadata"]["annotations"] = {names.STOPPED: "2026-11-25T12:00:10+00:00"}
    seen = sighting(Scene("j", asked, workload(*conditions, active=False), now=NOW))
    assert seen.phase is phase


def test_pods_that_the_cluster_refuses_are_told_with_its_words():
    let_run = job(suspend=False)
    let_run["status"] = {"startTime": "2026-11-25T12:00:10Z"}
    said = 'pods "x" is forbidden: exceeded quota: limits'
    scene = Scene("j", let_run, workload(), refused=lambda job: said, now=NOW)
    seen = sighting(scene)
    assert (seen.wait, seen.detail) == (WaitCause.QUOTA, said)
    scene = Scene("j", let_run, workload(), refused=lambda job: "denied", now=NOW)
    assert sighting(scene).wait is WaitCause.HELD


def test_nobody_asks_why_pods_are_missing_that_are_just_being_made():
    let_run = job(suspend=False)
    let_run["status"] = {"startTime": "2026-11-25T12:00:29Z"}
    scene = Scene("j", let_run, workload(), refused=lambda job: 1 / 0, now=NOW)
    assert sighting(scene).wait is WaitCause.STARTING


def event(reason: str, message: str = "") -> dict:
    return {"reason": reason, "message": message, "eventTime": "2026-11-25T12:00:00.123456Z"}


def test_a_timeout_is_no_pre_emption_and_neither_is_a_broken_node(monkeypatch):
    message = (
        "Preempted to accommodate a workload (UID: 5, JobUID: "
        "0f0e0d0c-0b0a-4908-8706-050403020100) due to Fair Sharing within the cohort; preemptor"
    )
    told = [event("Preempted", message), event("EvictedDueToPodsReadyTimeout"),
            event("EvictedDueToNodeFailures")]  # fmt: skip
    evictions = Evictions(None)
    monkeypatch.setattr(evictions, "_job_of", lambda uid: f"job of {uid[:8]}")
    read = evictions._read(told)
    assert [(one.rule, one.by) for one in read] == [
        ("InCohortFairSharing", "job of 0f0e0d0c"),
        ("PodsReadyTimeout", ""),
        ("NodeFailures", ""),
    ]
    assert len({one.words for one in read}) == 3


class Told:
    """Events of a cluster, and how often somebody asked for them."""

    def __init__(self) -> None:
        self.asked, self.events = 0, []

    def every(self, path: str, **query) -> list[dict]:
        self.asked += 1
        return list(self.events)


def evicted(uid: str, count: int) -> dict:
    stats = {"evictions": [{"reason": "NodeFailures", "count": count}]} if count else {}
    return {"metadata": {"uid": uid, "namespace": "n"}, "status": {"schedulingStats": stats}}


def test_events_are_asked_for_once_for_each_eviction(monkeypatch):
    cluster = Told()
    monkeypatch.setattr("compute.engines.kueue_evictions.PAUSE", 0)
    evictions = Evictions(cluster)
    things = {"one": evicted("a", 1), "two": evicted("b", 1), "none": evicted("c", 0)}
    cluster.events = [
        event("EvictedDueToNodeFailures") | {"involvedObject": {"uid": uid}} for uid in "ab"
    ]
    for _ in range(3):
        found = evictions.among(things)
        assert [len(found[name]) for name in things] == [1, 1, 0]
    assert cluster.asked == 1
    again = evicted("a", 2)
    assert len(evictions.of(again)) == 1  # its event comes a little later
    cluster.events.append(cluster.events[0])
    assert len(evictions.of(again)) == 2 and len(evictions.of(again)) == 2
    assert cluster.asked == 3


@pytest.mark.parametrize(
    ("text", "amount"),
    [("8", 8), ("500m", "0.5"), ("1Gi", 2**30), ("2k", 2000), ("1e3", 1000), ("", 0), (None, 0)],
)
def test_amounts_are_read_as_kubernetes_writes_them(text, amount):
    assert names.quantity(text) == Decimal(amount)


def test_a_mark_counts_lines_of_one_moment():
    place = Place.of(LogMark("2026-11-25T12:00:00.5Z 2"))
    assert place.passed("2026-11-25T12:00:00.5Z").text.endswith(" 3")
    assert place.passed("2026-11-25T12:00:00.6Z").text.endswith(" 1")
    with pytest.raises(EngineRefused):
        Place.of(LogMark("now"))
