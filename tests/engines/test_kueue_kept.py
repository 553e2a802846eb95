"""What is believed for a while is asked for by one at a time."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from compute.engines import kueue_kept
from compute.engines.kueue_kept import Kept


def test_what_another_just_asks_is_waited_for():
    kept, asked = Kept(), []

    def ask() -> str:
        asked.append(1)
        time.sleep(0.2)
        return "nodes"

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: kept.get("nodes", 60, ask), range(8)))
    assert found == ["nodes"] * 8 and len(asked) == 1


def test_who_waits_for_too_long_asks(monkeypatch):
    monkeypatch.setattr(kueue_kept, "WAITED_FOR", 0.1)
    kept, hangs = Kept(), threading.Event()
    slow = threading.Thread(target=lambda: kept.get("nodes", 60, hangs.wait))
    slow.start()
    assert kept.get("nodes", 60, lambda: "mine") == "mine"
    hangs.set()
    slow.join(5)


def test_what_could_not_be_had_is_asked_for_again():
    kept = Kept()
    with pytest.raises(ZeroDivisionError):
        kept.get("nodes", 60, lambda: 1 / 0)
    assert kept.get("nodes", 60, lambda: "nodes") == "nodes"
    assert kept.get("nodes", 60, lambda: 1 / 0) == "nodes"
    kept.drop("nodes")
    assert kept.get("nodes", 0, lambda: "new") == "new"
    assert kept.get("nodes", 60, lambda: "newer") == "newer"
