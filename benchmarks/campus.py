"""A throw-away campus: the portal's own processes around a real control plane of fake nodes."""

import os
import sys
import time
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

from benchmarks import stand
from portal.local.cluster import cache
from portal.local.cluster.build import build
from portal.local.cluster.inventory import read_inventory
from portal.local.cluster.nodes import bring_nodes
from portal.local.cluster.plane import ControlPlane
from portal.local.console import Console
from portal.local.processes import ChildProcess
from portal.local.valkey import EmbeddedValkey

REPOSITORY = Path(__file__).resolve().parent.parent
CELERY = ["-m", "celery", "-A", "portal"]
PROGRAMS = {
    "worker": [
        *(*CELERY, "worker", "--loglevel", "WARNING", "-Q", "quick,engine,period"),
        *("--concurrency", "2", "--without-gossip", "--without-mingle"),
    ],
    "beat": [*CELERY, "beat", "--loglevel", "WARNING", "--pidfile="],
    "keeper": ["manage.py", "keep_jobs"],
}
SETTLED_WITHIN = 900.0


class Campus:
    """Database, Valkey, control plane and the processes that keep jobs; Django is set up here.

    `programs` by name, so that a fault can end and start them: worker, beat, keeper.
    """

    def __init__(self, everything: ExitStack, inventory: str, *, nodes: int | None = None):
        console = Console(sys.stderr)
        self.place = stand.folder(everything)
        self.plane = ControlPlane(
            self.place / "plane",
            cache.built() or build(console),
            durable=False,
            grace_seconds=max(40, (nodes or 0) // 2),
        )
        self.plane.start(console)
        everything.callback(self.plane.stop)
        bring_nodes(self.plane.api, read_inventory(inventory, nodes=nodes))
        self.valkey = EmbeddedValkey(self.place / "valkey", durable=False)
        self.valkey.start()
        everything.callback(self.valkey.stop)
        os.environ["KUBECONFIG"] = str(self.plane.kubeconfig)
        self.postgres = stand.installation(everything, self.place, self.valkey.url)
        self.programs = {name: self._program(name) for name in PROGRAMS}
        everything.callback(self.stop)

    def found(self, sizes: dict[str, int], **more) -> dict:
        """A tenant for each slug with one consumer, its queue and quota; the rows by slug."""
        return import_module("benchmarks.campus_people").found(sizes, **more)

    def start(self, *names: str) -> None:
        """Start these programs, or all."""
        for name in names or PROGRAMS:
            self.programs[name].start()

    def stop(self) -> None:
        for program in reversed(self.programs.values()):
            program.stop()

    def settle(self, within: float = SETTLED_WITHIN) -> int:
        """Wait until no job owes anything any more; how many still do."""
        jobs = import_module("compute.jobs.models").Job
        tenancy = import_module("portal.core.tenancy")
        give_up = time.monotonic() + within
        while True:
            with tenancy.as_system():
                left = jobs.objects.unsettled().count()
            if not left or time.monotonic() > give_up:
                return left
            time.sleep(1)

    def _program(self, name: str) -> ChildProcess:
        return ChildProcess(
            name=name,
            command=[sys.executable, *PROGRAMS[name], *self._more(name)],
            log=self.place / "log" / f"{name}.log",
            environment=dict(os.environ) | {"PYTHONUNBUFFERED": "1"},
            folder=REPOSITORY,
        )

    def _more(self, name: str) -> list[str]:
        return ["--schedule", str(self.place / "beat")] if name == "beat" else []
