"""Who comes first: quota, borrowing, reclaim, priority, fair shares, and what is told of it."""

from collections import Counter
from dataclasses import replace

import pytest

from compute.engines.jobs import EngineRefused, EngineUnavailable, JobPhase, WaitCause
from tests.cluster.job_stand import FLAVOURS, queue


def all_seen(stand):
    return stand.engine.look_all(stand.engine.present())


def test_what_is_beyond_the_quota_waits_its_turn_and_then_runs(stand):
    stand.share(queue("vision", h100_80g=(8, 0)))
    first = stand.runs("first")
    assert (first.flavour, first.wait, first.words) == ("h100-80g", None, "")
    second = stand.waits("second")
    assert (second.wait, second.position) == (WaitCause.QUOTA, 1)
    assert second.words == "All that your team has and may borrow is in use. It is next."
    assert "insufficient unused quota for nvidia.com/gpu in flavor h100-80g" in second.detail
    names = [second.name, stand.start("third")]  # within one second the uid says who is before
    behind = stand.until_any(names, lambda seen: seen.position == 2)
    assert (behind.wait, behind.words) == (WaitCause.BEHIND, "1 job of your team comes first.")
    ahead = next(name for name in names if name != behind.name)
    stand.engine.stop(first.name)
    stand.until(ahead, JobPhase.RUNNING)


def test_what_is_more_than_ever_possible_is_told_apart(stand):
    stand.share(queue("vision", h100_80g=(8, 0)))
    seen = stand.waits("huge", nodes=2)
    assert (seen.wait, seen.wait.wrong) == (WaitCause.TOO_LARGE, True)
    assert seen.words.startswith("It asks for more than your team may ever have")


def test_one_that_is_like_another_waits_for_the_same_reason(stand):
    stand.share(queue("vision", h100_80g=(8, 0)))
    stand.waits("huge", nodes=2)
    again = stand.start("again", nodes=2)
    stand.until(again, lambda seen: seen.wait is WaitCause.TOO_LARGE)


def test_a_tenant_borrows_and_the_owner_takes_it_back(stand):
    stand.share(queue("vision", h100_80g=(8,)), queue("claims", h100_80g=(8,)))
    names = [stand.runs(name).name for name in ("own", "borrowed")]
    taker = stand.runs("back", "claims").name
    evicted = next(s for s in map(stand.engine.look, names) if s.evictions)
    assert (evicted.evictions[0].rule, evicted.evictions[0].by) == ("InCohortReclamation", taker)
    assert evicted.evictions[0].words.startswith("Its hardware was borrowed")
    pod = evicted.pods[0]
    assert (pod.end.value, bool(pod.ended_at)) == ("evicted", True)
    among = {seen.name: seen for seen in stand.engine.look_all([*names, taker])}
    assert among[evicted.name].evictions == evicted.evictions


def test_what_is_not_lent_is_not_borrowed(stand):
    stand.share(queue("vision", h100_80g=(8,)), queue("claims", h100_80g=(8, None, 0)))
    stand.runs("own")
    assert stand.waits("more").wait in (WaitCause.QUOTA, WaitCause.TOO_LARGE)


def test_a_higher_priority_goes_first_and_may_be_given_later(stand):
    stand.share(queue("vision", h100_80g=(8, 0)))
    low = stand.runs("low", priority="low").name
    normal = stand.runs("normal").name
    seen = stand.until(low, lambda seen: seen.evictions and seen.phase is JobPhase.WAITING)
    assert (seen.evictions[0].rule, seen.evictions[0].by) == ("InClusterQueue", normal)
    stand.engine.prioritise(low, "urgent")
    stand.until(low, JobPhase.RUNNING)
    assert stand.until(normal, lambda seen: seen.evictions).evictions[0].by == low
    with pytest.raises(EngineRefused, match="no priority"):
        stand.engine.prioritise(low, "divine")


def test_what_is_free_is_shared_two_to_one(stand):
    free = replace(FLAVOURS[-1], gpus=6)
    stand.share(queue("vision", 2, t4=(0,)), queue("claims", 1, t4=(0,)), flavours=(free,))
    asks = {"flavours": ("t4",), "gpus": 1}
    for number in range(6):
        stand.runs(f"early{number}", "claims", **asks)
    late = [stand.start(f"late{number}", **asks) for number in range(6)]
    stand.until(late[0], JobPhase.RUNNING)

    def share(_):
        running = [one.name[:4] for one in all_seen(stand) if one.phase is JobPhase.RUNNING]
        return Counter(running) == {"late": 4, "earl": 2}

    stand.until(late[0], share, within=60)
    evicted = [one for one in all_seen(stand) if one.evictions]
    assert {one.evictions[0].rule for one in evicted} == {"InCohortFairSharing"}


def test_a_closed_queue_holds_its_jobs(stand, control_plane):
    stand.share(queue("vision", h100_80g=(8,)))
    path = f"/apis/kueue.x-k8s.io/v1beta2/clusterqueues/millwright-{stand.tenant('vision')}"
    control_plane.api.request(
        "PATCH", path, {"spec": {"stopPolicy": "Hold"}}, kind="application/merge-patch+json"
    )
    seen = stand.until(stand.start("held"), lambda seen: seen.wait is WaitCause.HELD)
    assert seen.words == "Your team's queue is closed or not set up."
    stand.engine.apply(stand.applied)
    stand.until(seen.name, JobPhase.RUNNING)


def test_a_tenant_without_a_place_is_to_be_asked_again(stand):
    stand.share(queue("vision", h100_80g=(8,)))
    with pytest.raises(EngineUnavailable, match="no place for nobody"):
        stand.start("early", "nobody")
    stand.ordered.clear()
