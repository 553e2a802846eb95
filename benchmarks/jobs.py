"""What an order to a cluster costs us: CPU of the engine beside a bare client that makes the same
Jobs, and how long looking takes. Needs a built control plane (`make cluster`) or KUBECONFIG."""

import os
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from statistics import median

from kubernetes import client, config

from compute.engines import kueue_manifests as manifests
from compute.engines import kueue_names as names
from compute.engines.fleet import FlavourOrder, FleetOrder, QueueOrder, QuotaOrder
from compute.engines.jobs import PRIORITIES, JobOrder
from compute.engines.kueue import Kueue
from portal.local.cluster import cache
from portal.local.cluster.inventory import read_inventory
from portal.local.cluster.nodes import bring_nodes
from portal.local.cluster.plane import ControlPlane
from portal.local.console import Console

ROUNDS = 10
ORDERS = 30  # of each client in each round
PRODUCT = "NVIDIA-H100-80GB-HBM3"
KIND = manifests.Kind("bench-h100", PRODUCT)
MOST = 1.5


@contextmanager
def cluster() -> Iterator[str]:
    """The kubeconfig of KUBECONFIG, or of a plane with ten nodes that lasts as long as this."""
    if named := os.environ.get("KUBECONFIG", "").strip():
        yield named
        return
    programs = cache.built()
    if programs is None:
        sys.exit("There is no built control plane: `make cluster` builds one.")
    folder = Path(tempfile.mkdtemp(prefix="millwright-bench-"))
    plane = ControlPlane(folder, programs, durable=False)
    try:
        plane.start(Console(sys.stderr))
        bring_nodes(plane.api, read_inventory("small"))
        yield str(plane.kubeconfig)
    finally:
        plane.stop()
        shutil.rmtree(folder, ignore_errors=True)


def order(tenant: str) -> JobOrder:
    """One job of a usual size."""
    return JobOrder(
        name=f"j-{uuid.uuid4().hex}-1",
        uid=str(uuid.uuid4()),
        tenant=tenant,
        image="registry.invalid/train:1",
        command=("python", "-m", "train"),
        flavours=(KIND.name,),
        gpus=Decimal(1),
        variables={f"SETTING_{number}": "a value" for number in range(10)},
    )


class Ours:
    """Through the engine."""

    def __init__(self, engine: Kueue, tenant: str) -> None:
        self.engine, self.tenant = engine, tenant

    def submit(self) -> None:
        self.engine.start(order(self.tenant))


class Bare:
    """The Kubernetes client as its documentation uses it, on the same manifest."""

    def __init__(self, kubeconfig: str, tenant: str) -> None:
        config.load_kube_config(kubeconfig)
        self.batch, self.tenant = client.BatchV1Api(), tenant

    def submit(self) -> None:
        body = manifests.job(order(self.tenant), [KIND])
        self.batch.create_namespaced_job(names.namespace_of(self.tenant), body)


def spent(work: Callable[[], None], times: int) -> tuple[float, float]:
    """Milliseconds of CPU of this process, and of the clock, for each."""
    cpu, clock = time.process_time(), time.perf_counter()
    for _ in range(times):
        work()
    cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    return cpu / times * 1000, clock / times * 1000


def main() -> int:
    """Print the table; 1 where an order costs more than it may."""
    with cluster() as kubeconfig:
        engine = Kueue(kubeconfig, field_manager="millwright-bench")
        tenant = f"bench-{uuid.uuid4().hex[:8]}"
        quotas = (QuotaOrder(KIND.name, Decimal(1), borrow=Decimal(0)),)
        flavours = (FlavourOrder(KIND.name, PRODUCT),)
        engine.apply(FleetOrder(flavours, (QueueOrder(tenant, quotas),), PRIORITIES))
        try:
            return measure(engine, Ours(engine, tenant), Bare(kubeconfig, tenant))
        finally:
            clear(engine)


def measure(engine: Kueue, ours: Ours, bare: Bare) -> int:
    """Turn by turn, so that what else the machine does meets both alike."""
    found: dict[str, list[tuple[float, float]]] = {"engine": [], "bare client": []}
    for one in (ours, bare):
        spent(one.submit, 3)
    for _ in range(ROUNDS):
        found["engine"].append(spent(ours.submit, ORDERS))
        found["bare client"].append(spent(bare.submit, ORDERS))
    print(f"\n{'an order':<38}{'CPU ms':>10}{'clock ms':>10}")
    for name, rounds in found.items():
        cpu, clock = (median(values) for values in zip(*rounds, strict=True))
        print(f"{name:<38}{cpu:>10.2f}{clock:>10.2f}")
    mean = {name: median(cpu for cpu, _ in rounds) for name, rounds in found.items()}
    share = mean["engine"] / mean["bare client"]
    print(f"{'engine / bare client':<38}{share:>10.2f}   (at most {MOST})")
    names_of = list(engine.present())
    print(f"\n{'looking':<38}{'CPU ms':>10}{'clock ms':>10}")
    asked = iter(names_of * 2)
    print("{:<38}{:>10.2f}{:>10.2f}".format("one", *spent(lambda: engine.look(next(asked)), 50)))
    cost = spent(lambda: engine.look_all(names_of), 3)
    print("{:<38}{:>10.2f}{:>10.2f}".format(f"all {len(names_of)}", *cost))
    return int(share > MOST)


def clear(engine: Kueue) -> None:
    """Nothing stays in a cluster that was given."""
    left = engine.present()
    for name in left:
        engine.stop(name)
    give_up = time.monotonic() + 120
    while left and time.monotonic() < give_up:
        for seen in engine.look_all(left):
            if seen.ended:
                engine.forget(seen.name)
        left = engine.present()
        time.sleep(0.5)
    engine.apply(FleetOrder((), ()))


if __name__ == "__main__":
    sys.exit(main())
