"""Whatever breaks between us and a cluster: one Job for each attempt, nothing left, right ends.

A short form runs with all tests; `make faults` runs the long one.
"""

import os
import threading
import time
import uuid
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from compute.engines import kueue_client, kueue_watching
from compute.engines.fleet import FlavourOrder, FleetOrder, QueueOrder, QuotaOrder
from compute.engines.jobs import (
    PRIORITIES,
    EndCause,
    EngineUnavailable,
    JobOrder,
    JobPhase,
)
from compute.engines.kueue import Kueue
from tests.faults.proxy import Faults, Proxy

FAULTS = int(os.environ.get("FAULTS") or 40)
JOBS = max(8, FAULTS // 8)
AT_ONCE = 6
ENDS = {
    "fine": (EndCause.COMPLETED, {"SIM_RUN_FOR": "1s"}),
    "bad": (EndCause.EXIT, {"SIM_RUN_FOR": "0s", "SIM_EXIT_CODE": "3"}),
    "stopped": (EndCause.STOPPED, {}),
    "limited": (EndCause.TIME_LIMIT, {}),
}


@dataclass
class Keeper:
    """Moves attempts as the portal does: asks until it is answered, writes down, forgets."""

    engine: Kueue
    tenant: str
    ends: dict[str, EndCause] = field(default_factory=dict)
    asked_again: int = 0

    def certain(self, ask, *values):
        """The answer, however often it takes."""
        give_up = time.monotonic() + 180
        while True:
            try:
                return ask(*values)
            except EngineUnavailable:
                self.asked_again += 1
                assert time.monotonic() < give_up
                time.sleep(0.05)

    def live(self, number: int) -> None:
        """One attempt from its order until nothing of it is left."""
        kind = list(ENDS)[number % len(ENDS)]
        name = f"{kind}-{number}-{self.tenant}"
        limit = 3 if kind == "limited" else 600
        order = JobOrder(
            *(name, f"uid-{name}", self.tenant, "registry.invalid/x:1", ("x",), ("h100-80g",)),
            gpus=Decimal(1),
            time_limit_s=limit,
            variables=ENDS[kind][1],
        )
        self.certain(self.engine.start, order)
        self.certain(self.engine.start, order)
        if kind == "stopped":
            self.certain(self.engine.stop, name)
        seen = self.ended(name)
        self.ends[name] = seen.end
        self.certain(self.engine.release, name, [pod.uid for pod in seen.pods])
        self.certain(self.engine.forget, name)

    def ended(self, name: str):
        give_up = time.monotonic() + 180
        while not (seen := self.certain(self.engine.look, name)).ended:
            assert seen.phase is not JobPhase.ABSENT and time.monotonic() < give_up, seen
            time.sleep(0.1)
        return seen


@pytest.fixture
def impatient(monkeypatch):
    """Nobody waits as long in a test as in life."""
    monkeypatch.setattr(kueue_client, "ANSWER", 2.0)
    monkeypatch.setattr(kueue_watching, "WINDOW", 3)
    monkeypatch.setattr(kueue_watching, "SILENT", 0.5)


@pytest.fixture
def tenant(control_plane, pretended_nodes):
    """One with ten GPUs, shared as ordered through no proxy."""
    engine = Kueue(str(control_plane.kubeconfig), field_manager="millwright-faults")
    slug = f"faults-{uuid.uuid4().hex[:8]}"
    flavour = FlavourOrder("h100-80g", "NVIDIA-H100-80GB-HBM3")
    queue = QueueOrder(slug, (QuotaOrder("h100-80g", Decimal(10)),))
    engine.apply(FleetOrder((flavour,), (queue,), PRIORITIES))
    yield slug
    engine.apply(FleetOrder((), ()))


class Audit:
    """Every Job that was ever there, seen beside the proxy."""

    def __init__(self, api, tenant: str) -> None:
        self.api, self.root = api, f"/apis/batch/v1/namespaces/millwright-{tenant}/jobs"
        self.uids, self.over = defaultdict(set), threading.Event()
        self.thread = threading.Thread(target=self._look)
        self.thread.start()

    def _look(self) -> None:
        while not self.over.wait(0.05):
            for job in self.api.get(self.root)["items"]:
                self.uids[job["metadata"]["name"]].add(job["metadata"]["uid"])

    def stop(self) -> None:
        self.over.set()
        self.thread.join()


@pytest.fixture
def audit(control_plane, tenant):
    audit = Audit(control_plane.api, tenant)
    yield audit
    audit.stop()


def left_of(api, tenant: str) -> list[str]:
    home = f"namespaces/millwright-{tenant}"
    found = []
    for root in ("apis/batch/v1", "api/v1", "apis/kueue.x-k8s.io/v1beta2"):
        kind = {"apis/batch/v1": "jobs", "api/v1": "pods"}.get(root, "workloads")
        found += [one["metadata"]["name"] for one in api.get(f"/{root}/{home}/{kind}")["items"]]
    return found


def test_faults_give_one_job_for_each_attempt_and_leave_nothing(
    control_plane, tenant, audit, impatient, tmp_path, eventually
):
    faults = Faults(FAULTS)
    proxy = Proxy(control_plane.api, faults)
    keeper = Keeper(Kueue(proxy.kubeconfig(tmp_path)), tenant)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(keeper.live, range(JOBS)))
    print(f"{faults.count} faults over {JOBS} attempts: {dict(faults.made)}")
    assert faults.count == FAULTS
    assert keeper.asked_again > FAULTS / 3
    assert {name: len(uids) for name, uids in audit.uids.items() if len(uids) != 1} == {}
    assert set(audit.uids) == set(keeper.ends)
    wrong = {n: end for n, end in keeper.ends.items() if end is not ENDS[n.split("-")[0]][0]}
    assert wrong == {}
    eventually(lambda: left_of(control_plane.api, tenant) == [], within=60)
    proxy.close()


def test_a_watch_through_faults_says_every_name(control_plane, tenant, impatient, tmp_path):
    proxy = Proxy(control_plane.api, Faults(12, often=0.7))
    engine, plain = Kueue(proxy.kubeconfig(tmp_path)), Kueue(str(control_plane.kubeconfig))
    heard, over, keeper = set(), threading.Event(), Keeper(plain, tenant)

    def listen():
        while not over.is_set():
            try:
                heard.update(engine.watch(over.is_set))
            except EngineUnavailable:
                time.sleep(0.1)

    thread = threading.Thread(target=listen)
    thread.start()
    for number in range(0, 12, 4):
        keeper.live(number)
    give_up = time.monotonic() + 60
    last = f"fine-0-{tenant}"
    while proxy.faults.count < 12 and time.monotonic() < give_up:
        time.sleep(0.1)
    keeper.live(0)
    while last not in heard and time.monotonic() < give_up:
        time.sleep(0.1)
    over.set()
    thread.join(10)
    assert not thread.is_alive()
    assert (proxy.faults.count, last in heard) == (12, True)
    proxy.close()
