"""Logs of pods: every line once and in order, however often the reading begins anew."""

import itertools
import threading
import time

import pytest

from compute.engines.jobs import EngineRefused, LogMark
from tests.cluster.job_stand import queue

START = LogMark()


@pytest.fixture
def pod(stand, control_plane, own_plane):
    """A running pod, and something to let it print with."""
    stand.share(queue("vision", h100_80g=(8,)))
    seen = stand.runs("talker")
    log = control_plane.pod_log(f"millwright-{stand.tenant('vision')}", seen.pods[0].name)
    return seen, log


def read(stand, seen, count, after=START):
    """The next `count` pieces behind a mark."""
    found = []
    give_up = time.monotonic() + 20
    stopped = lambda: len(found) >= count or time.monotonic() > give_up  # noqa: E731
    for pieces in stand.engine.follow(seen.name, seen.pods[0].uid, after, stopped):
        found += pieces
    return found


def test_lines_come_in_order_and_go_on_behind_any_mark(stand, pod):
    seen, log = pod
    log.write(*(f"line {number}" for number in range(200)))
    found = read(stand, seen, 200)
    assert [piece.text for piece in found] == [f"line {number}" for number in range(200)]
    for at in (0, 57, 198):
        rest = read(stand, seen, 199 - at, found[at].mark)
        assert [piece.text for piece in rest] == [f"line {n}" for n in range(at + 1, 200)]


def test_lines_of_one_moment_are_told_apart_by_number(stand, pod):
    seen, log = pod
    same = "2026-11-25T12:00:00.123456789Z stdout F"
    log.path.write_text("".join(f"{same} step {number}\n" for number in range(6)))
    found = read(stand, seen, 6)
    assert len({piece.at for piece in found}) == 1
    assert [p.text for p in read(stand, seen, 3, found[2].mark)] == ["step 3", "step 4", "step 5"]


def test_a_line_is_seen_soon_after_it_is_printed(stand, pod):
    seen, log = pod
    delays, over = [], threading.Event()

    def follow():
        numbers = itertools.count()
        for pieces in stand.engine.follow(
            seen.name, seen.pods[0].uid, START, lambda: over.is_set()
        ):
            delays.extend((time.time() - piece.at.timestamp(), next(numbers)) for piece in pieces)

    thread = threading.Thread(target=follow)
    thread.start()
    for number in range(20):
        time.sleep(0.1)
        log.write(f"line {number}")
    give_up = time.monotonic() + 10
    while len(delays) < 20 and time.monotonic() < give_up:
        time.sleep(0.05)
    over.set()
    thread.join(5)
    assert len(delays) == 20
    assert sorted(delays)[10][0] < 0.5


def test_a_log_ends_when_its_pod_has(stand, pod):
    seen, log = pod
    log.write("last words")
    stand.engine.stop(seen.name)
    found = []
    for pieces in stand.engine.follow(seen.name, seen.pods[0].uid, START, lambda: False):
        found += pieces
    assert [piece.text for piece in found] == ["last words"]


def test_what_a_progress_bar_drew_over_is_not_shown(stand, pod):
    seen, log = pod
    log.write("10%\r50%\r100%", "done\r")
    assert [piece.text for piece in read(stand, seen, 2)] == ["100%", "done"]


def test_signs_of_life_come_while_nothing_is_printed(stand, pod):
    seen, _ = pod
    began = time.monotonic()
    pieces = next(stand.engine.follow(seen.name, seen.pods[0].uid, START, lambda: False))
    assert (pieces, time.monotonic() - began < 5) == ([], True)


def test_a_pod_or_a_mark_that_is_none_is_refused(stand, pod):
    seen, _ = pod
    with pytest.raises(EngineRefused, match="no log"):
        next(stand.engine.follow(seen.name, "no-such-uid", START, lambda: False))
    with pytest.raises(EngineRefused, match="no mark"):
        next(stand.engine.follow(seen.name, seen.pods[0].uid, LogMark("x y"), lambda: False))
