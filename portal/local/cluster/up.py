"""Behind `make cluster`: builds what is missing, starts the plane, keeps it running, stops it."""

import os
import shutil
import time
from pathlib import Path

from portal.local.cluster.build import build
from portal.local.cluster.inventory import Inventory
from portal.local.cluster.nodes import bring_nodes
from portal.local.cluster.plane import PARTS, ControlPlane
from portal.local.console import Console
from portal.local.family import Family
from portal.local.folder import Lock, make_private
from portal.local.signals import Signals, StopAsked

LOOK_EVERY = 0.25
STATE = ("etcd", "keys", "kueue", "pod-logs")


class Cluster:
    """One start of the local control plane, until everything of it has stopped again."""

    def __init__(self, folder: Path, inventory: Inventory, console: Console):
        self.folder = folder
        self.inventory = inventory
        self.console = console
        self.lock = Lock(make_private(folder))
        self.family = Family(console, tuple((part,) for part in reversed(PARTS)))
        self.signals = Signals(self.family.kill)
        self.plane: ControlPlane | None = None
        self.parent = os.getppid()

    def run(self, *, fresh: bool) -> None:
        """Until asked to stop; LocalError when it cannot start. Nothing is left running after."""
        self.lock.take(address="make cluster")
        try:
            with self.signals.heeded():
                self._start(fresh)
                self._stay()
        except StopAsked:
            self.console.say("Stopping.")
        finally:
            self._stop()

    def _start(self, fresh: bool) -> None:
        programs = build(self.console)
        if fresh:
            for name in STATE:
                shutil.rmtree(self.folder / name, ignore_errors=True)
        self.console.say(f"Starting a cluster. Data and logs: {self.folder}")
        self.plane = ControlPlane(
            self.folder, programs, durable=True, grace_seconds=grace_for(len(self.inventory.nodes))
        )
        self.plane.start(self.console)
        for child in self.plane.parts.values():
            self.family.add(child)
        with self.console.step("nodes") as notes:
            told = bring_nodes(self.plane.api, self.inventory)
            notes.append(f"{told['all']} with {self.inventory.gpus} GPUs, {told['made']} new")
            if told["removed"]:
                notes.append(f"({told['removed']} others removed)")
        self._tell()

    def _tell(self) -> None:
        self.console.say(f"Usable after {self.console.since_start()}.")
        self.console.say()
        self.console.say(f"  export KUBECONFIG={self.plane.kubeconfig}")
        self.console.say("  Stop with Ctrl-C; the next start has the same state.")
        self.console.say()

    def _stay(self) -> None:
        while "MAKELEVEL" not in os.environ or os.getppid() == self.parent:
            self.family.look_after()
            time.sleep(LOOK_EVERY)

    def _stop(self) -> None:
        self.signals.stopping = True
        began = time.monotonic()
        with self.signals.heeded():
            if self.plane:
                self.plane.stop()
                self.console.say(f"Stopped in {time.monotonic() - began:.1f} s.")
        self.lock.release()


def grace_for(nodes: int) -> int:
    """Seconds of silence after which a node is lost: heartbeats of many may not fill the API."""
    return max(40, nodes // 5)
