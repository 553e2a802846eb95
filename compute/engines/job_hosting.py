"""Runs jobs as processes of this machine: takes orders, queues them, looks after what runs."""

import asyncio
import os
import shutil
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from compute.engines import hosting, job_machine
from compute.engines.fleet import Holding, NodeSighting
from compute.engines.host_files import write_durably
from compute.engines.hosting import WrongSettings
from compute.engines.job_attempts import Attempt, Told, least_used, whole
from compute.engines.job_machine import Folders, Machine
from compute.engines.job_pods import MARK, SHUT_DOWN, STOP, Pod, end_all_in
from compute.engines.job_queue import Amount, Claim, Fairness, guaranteed, next_ones, places
from compute.engines.jobs import PRIORITIES, EngineRefused, JobOrder, JobSighting

TICK = 0.1
NICE = 5
GRACE = 10.0
SHUT_DOWN_WITHIN = 13.0
PIPELINE = "MILLWRIGHT_PIPELINE_DIR"  # ordered as a name, told to the program as a path
PATHS = ("MILLWRIGHT_INPUTS", "MILLWRIGHT_OUTPUTS")  # ordered as paths inside that folder
PASSED_ON = ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")


class Taken(Exception):
    """The name is that of another order."""


@dataclass(frozen=True)
class Settings:
    """From the environment."""

    host: str
    port: int
    token: str = field(repr=False)
    folder: Path
    work: str = ""
    cpu: Decimal | None = None
    memory_mb: int | None = None
    grace: float = GRACE

    @classmethod
    def read(cls, environment: dict[str, str]) -> "Settings":
        """Check everything; raise WrongSettings with what to do."""
        host, port = hosting.address(environment, "JOB_HOST_URL", 18600)
        return cls(
            host,
            port,
            hosting.token(environment, "JOB_HOST_TOKEN"),
            Path(environment.get("MILLWRIGHT_VAR", "var")),
            environment.get("JOB_HOST_FOLDER", ""),
            _number(environment, "JOB_HOST_CPU"),
            int(_number(environment, "JOB_HOST_MEMORY_MB") or 0) or None,
            float(_number(environment, "JOB_HOST_GRACE") or GRACE),
        )


class JobHost:
    """All attempts of this machine. What is ordered is written down, so a new host takes it up."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.machine = Machine(settings.cpu, settings.memory_mb)
        self.folders = Folders(settings.folder.absolute() / "jobs", settings.work)
        self.uncover = job_machine.to_uncover()
        self.hide = job_machine.hides_processes()
        self._fleet_file = self.folders.kept / "fleet.json"
        self.fleet: dict[str, Any] = job_machine.read_or_refuse(self._fleet_file)
        self._attempts: dict[str, Attempt] = {}
        self._seen: dict[str, JobSighting] = {}
        self._watchers: set[asyncio.Queue[str]] = set()
        self._fair = Fairness()
        self._woken = asyncio.Event()
        self._ticked = time.monotonic()
        self._weigh()
        self.closing = False

    # What is asked of it

    def attempts(self) -> list[Attempt]:
        """All of them, by name."""
        return [self._attempts[name] for name in sorted(self._attempts)]

    def get(self, name: str) -> Attempt | None:
        """One of them."""
        return self._attempts.get(name)

    def sighting(self, attempt: Attempt) -> JobSighting:
        """What is seen of one now."""
        for pod in attempt.pods:
            pod.look()
        return attempt.sighting(self.machine.name)

    def order(self, order: JobOrder) -> Attempt:
        """Take an order; the same again changes nothing. Taken where the name is another's."""
        known = self._attempts.get(order.name)
        if known is not None:
            if known.order.uid != order.uid:
                raise Taken
            return known
        self._check(order)
        arrived = 1 + max((one.told.arrived for one in self._attempts.values()), default=0)
        told = Told(arrived, time.time(), order.priority)
        attempt = Attempt(order, told, self.folders.attempts / order.name)
        attempt.write()
        self._attempts[order.name] = attempt
        self._queue()
        self.wake()
        return attempt

    def stop(self, attempt: Attempt) -> None:
        """Ask it to end: at once where it waits."""
        if attempt.ended or attempt.told.stop_asked_at:
            return
        attempt.told.stop_asked_at = time.time()
        if attempt.waits:
            attempt.told.stopped_at = attempt.told.stop_asked_at
        attempt.write()
        attempt.ask(STOP)
        self.wake()

    def forget(self, attempt: Attempt) -> None:
        """Drop all of an ended one."""
        if not attempt.ended:
            raise EngineRefused("It has not ended: stop it first.")
        (attempt.folder / "attempt.json").unlink(missing_ok=True)
        shutil.rmtree(attempt.folder, ignore_errors=True)
        del self._attempts[attempt.order.name]
        self.wake()

    def prioritise(self, attempt: Attempt, priority: str) -> None:
        """Change its place in the queue."""
        self._check_priority(priority)
        attempt.told.priority = priority
        attempt.write()
        self.wake()

    def share(self, fleet: dict[str, Any]) -> None:
        """Take an order of how to share this machine."""
        if fleet != self.fleet:
            write_durably(self._fleet_file, fleet)
            self.fleet = fleet
            self._weigh()
            self.wake()

    def node(self) -> NodeSighting:
        """This machine, with what runs on it."""
        machine = self.machine
        return NodeSighting(
            machine.name,
            machine.product,
            machine.gpu_memory_mb,
            machine.has.gpus,
            cpu=machine.has.cpu,
            memory_mb=machine.has.memory_mb,
            open=not self.closing,
            holdings=tuple(
                Holding(one.order.name, one.order.tenant, self._units(one.order))
                for one in self.attempts()
                if one.holds
            ),
        )

    def _units(self, order: JobOrder) -> Decimal:
        """GPUs, or cores of a machine without any."""
        return (order.gpus if self.machine.has.gpus else order.cpu) * order.nodes

    def watch(self) -> asyncio.Queue[str]:
        """Names of attempts as they move, until `unwatch`."""
        queue: asyncio.Queue[str] = asyncio.Queue()
        self._watchers.add(queue)
        return queue

    def unwatch(self, queue: asyncio.Queue[str]) -> None:
        self._watchers.discard(queue)

    # What it does by itself

    def take_up(self) -> None:
        """Go on with what an earlier host had been ordered."""
        for folder in sorted(self.folders.attempts.iterdir()):
            try:
                attempt = Attempt.read(folder)
            except (ValueError, TypeError, KeyError, EngineRefused):
                end_all_in(folder)
                self.folders.set_aside(folder)
                continue
            if attempt is None:
                shutil.rmtree(folder, ignore_errors=True)
                continue
            attempt.take_up()
            self._attempts[attempt.order.name] = attempt
        held = {pod.place.uid for one in self._attempts.values() for pod in one.pods}
        self.folders.sweep(held)

    async def keep(self) -> None:
        """Until cancelled: look, act, tell."""
        while True:
            self._woken.clear()
            try:
                self.tick()
            except OSError:  # a full disk, no process to be had: what is written down stays so
                traceback.print_exc()
            with suppress(TimeoutError):
                patience = TICK if any(one.holds for one in self._attempts.values()) else 1.0
                await asyncio.wait_for(self._woken.wait(), patience)

    def wake(self) -> None:
        """Look at once."""
        self._woken.set()

    def tick(self) -> None:
        """Look at every attempt, start what can start, tell who watches."""
        for attempt in self._attempts.values():
            if attempt.pods and not attempt.cleared:
                self._look_after(attempt)
        self._count_time()
        if not self.closing:
            self._start_next()
        self._queue()
        self._tell()

    async def close(self) -> None:
        """End what runs, as a machine does that goes down; orders stay written down."""
        self.closing = True
        give_up = time.monotonic() + SHUT_DOWN_WITHIN
        while any(one.holds for one in self._attempts.values()) and time.monotonic() < give_up:
            for attempt in self._attempts.values():
                attempt.look()
                attempt.ask(SHUT_DOWN)
            await asyncio.sleep(TICK / 2)

    def _look_after(self, attempt: Attempt) -> None:
        attempt.look()
        if attempt.told.stop_asked_at or attempt.is_broken:
            attempt.ask(STOP)
        if attempt.ended:
            for pod in attempt.pods:
                self.folders.drop_scratch(pod.place.uid)
            attempt.cleared = True

    def _count_time(self) -> None:
        now = time.monotonic()
        self._fair.pass_time(now - self._ticked, self._running(), self.machine.has)
        self._ticked = now

    def _start_next(self) -> None:
        waiting = [one.claim(self.priorities) for one in self._attempts.values() if one.waits]
        if not waiting:
            return
        ready = next_ones(waiting, self._running(), self.machine.has, self._fair, time.time())
        for claim in ready:
            self._start(self._attempts[claim.name])

    def _start(self, attempt: Attempt) -> None:
        """Set hardware aside, write that down, and only then begin."""
        order = attempt.order
        held = self._held()
        cores = [least_used(whole(order.cpu), held[0]) for _ in range(order.nodes)]
        gpus = [least_used(int(order.gpus), held[1]) for _ in range(order.nodes)]
        attempt.settle_on(self._flavour(order), cores, gpus)
        for pod in attempt.pods:
            try:
                pod.launch(self._spec(attempt, pod))
            except OSError as wrong:
                pod.void(f"The machine could not begin it: {wrong.strerror}.")

    def _held(self) -> tuple[dict[int, int], dict[int, int]]:
        """How many pods hold each core and each GPU."""
        cores = dict.fromkeys(self.machine.cores, 0)
        gpus = dict.fromkeys(range(self.machine.has.gpus), 0)
        for attempt in self._attempts.values():
            for pod in attempt.pods if attempt.holds else ():
                for held, things in ((cores, pod.place.cores), (gpus, pod.place.gpus)):
                    held.update({thing: held.get(thing, 0) + 1 for thing in things})
        return cores, gpus

    def _flavour(self, order: JobOrder) -> str:
        """The first that this machine is known to have, else the first that was named."""
        known = self.fleet.get("flavours", {})
        mine = [one for one in order.flavours if known.get(one) == self.machine.product]
        return (mine or order.flavours)[0]

    def _spec(self, attempt: Attempt, pod: Pod) -> dict[str, Any]:
        """All that a keeper must know; there is no secret of ours in it."""
        order, folders = attempt.order, self.folders
        scratch = folders.scratch(order.tenant, pod.place.uid)
        return {
            "folder": str(pod.folder),
            "staging": str(pod.folder / "staging"),
            "scratch": str(scratch),
            "command": list(order.command),
            "environment": self._environment(attempt, pod, scratch),
            "user": folders.user(order.tenant),
            "uncover": self.uncover,
            "hide": self.hide,
            "cores": list(pod.place.cores),
            "memory_mb": order.memory_mb,
            "time_limit_s": order.time_limit_s,
            "grace": self.settings.grace,
            "nice": NICE,
        }

    def _environment(self, attempt: Attempt, pod: Pod, scratch: Path) -> dict[str, str]:
        order = attempt.order
        threads = str(whole(order.cpu))
        checkpoint = self.folders.checkpoint(order.tenant, order.name, order.checkpoint)
        usual = {
            "PATH": job_machine.path_of_programs(),
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "USER": "job",
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(job_machine.EXAMPLES),
            "NO_PROXY": "127.0.0.1,localhost",
            **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads),
            **{name: os.environ[name] for name in PASSED_ON if os.environ.get(name)},
        }
        ours = {
            "MILLWRIGHT_RANK": str(pod.place.index),
            "MILLWRIGHT_WORLD": str(order.nodes),
            "MILLWRIGHT_CHECKPOINT": str(checkpoint),
            "CUDA_VISIBLE_DEVICES": ",".join(str(gpu) for gpu in pod.place.gpus),
            MARK: pod.place.uid,
        }
        if name := order.variables.get(PIPELINE):
            shared = self.folders.shared(order.tenant, f"pipeline {name}")
            ours[PIPELINE] = str(shared)
            for paths in PATHS:
                told = order.variables.get(paths, "").split(":")
                ours[paths] = ":".join(str(shared / path) for path in told if path)
        return usual | order.variables | ours

    def _check(self, order: JobOrder) -> None:
        """Refuse what this machine will never run."""
        self._check_priority(order.priority)
        if order.gpus % 1:
            raise EngineRefused("GPUs of this machine are not divided: ask for whole ones.")
        needs = Attempt(order, Told(0, 0, ""), Path()).needs()
        if not needs.fits(self.machine.has):
            has = self.machine.has.words()
            raise EngineRefused(f"It needs {needs.words()}; this machine has {has} for jobs.")

    def _check_priority(self, priority: str) -> None:
        if priority not in self.priorities:
            raise EngineRefused(f"There is no priority {priority!r}.")

    @property
    def priorities(self) -> dict[str, int]:
        return self.fleet.get("priorities") or PRIORITIES

    def _running(self) -> list[Claim]:
        return [one.claim(self.priorities) for one in self._attempts.values() if one.holds]

    def _weigh(self) -> None:
        weights = self.fleet.get("weights", {})
        self._fair.weights = {tenant: float(weight) for tenant, weight in weights.items()}
        self._fair.guaranteed = guaranteed(self.fleet)

    def _queue(self) -> None:
        """Say to each that waits where it stands."""
        waiting = [one for one in self._attempts.values() if one.waits]
        if waiting:
            free = self.machine.has - sum((one.needs for one in self._running()), Amount())
            found = places([one.claim(self.priorities) for one in waiting], free)
            for one in waiting:
                one.place = found[one.order.name]

    def _tell(self) -> None:
        now = {name: one.sighting(self.machine.name) for name, one in self._attempts.items()}
        for name in now.keys() | self._seen.keys():
            if now.get(name) != self._seen.get(name):
                for watcher in self._watchers:
                    watcher.put_nowait(name)
        self._seen = now


def _number(environment: dict[str, str], name: str) -> Decimal | None:
    text = environment.get(name, "")
    if not text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or number <= 0:
        raise WrongSettings(f"{name} needs to be a number above 0.")
    return number
