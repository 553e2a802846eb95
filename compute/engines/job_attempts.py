"""One attempt on this machine: its order, its place in the queue, its pods, what is seen of it."""

import secrets
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from compute.engines.host_files import read, write_durably
from compute.engines.job_pods import Pod, PodPlace, moment, place_from
from compute.engines.job_queue import Amount, Claim, Place
from compute.engines.job_wire import order_from
from compute.engines.jobs import (
    EndCause,
    JobOrder,
    JobPhase,
    JobSighting,
    PodSighting,
    WaitCause,
)

FILE = "attempt.json"
PHASES = {EndCause.COMPLETED: JobPhase.SUCCEEDED, EndCause.STOPPED: JobPhase.STOPPED}


@dataclass
class Told:
    """What is written down before anything is done about it. Times in seconds since 1970."""

    arrived: int
    since: float
    priority: str
    flavour: str = ""
    admitted_at: float | None = None
    stop_asked_at: float | None = None
    stopped_at: float | None = None  # where it never got hardware
    pods: list[dict[str, Any]] = field(default_factory=list)
    released: list[str] = field(default_factory=list)


class Attempt:
    """An order being carried out, in a folder of its own."""

    def __init__(self, order: JobOrder, told: Told, folder: Path) -> None:
        self.order = order
        self.told = told
        self.folder = folder
        self.place: Place | None = None
        self.cleared = False  # nothing is left of its scratch folders
        self.pods = [Pod(place_from(one), folder) for one in told.pods]

    @classmethod
    def read(cls, folder: Path) -> "Attempt | None":
        """What an earlier host wrote; None where it got no further than the folder."""
        if (known := read(folder / FILE)) is None:
            return None
        order = order_from(folder.name, known["order"])
        return cls(order, Told(**known["told"]), folder)

    def write(self) -> None:
        """Durably, before what it says is done."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.told.pods = [pod.written() for pod in self.pods]
        content = {"order": self.order.as_dict(), "told": self.told.__dict__}
        write_durably(self.folder / FILE, content)

    @property
    def waits(self) -> bool:
        return not self.pods and self.told.stopped_at is None

    @property
    def ended(self) -> bool:
        if not self.pods:
            return self.told.stopped_at is not None
        return all(pod.end for pod in self.pods)

    @property
    def holds(self) -> bool:
        """Whether hardware is set aside for it."""
        return bool(self.pods) and not self.ended

    def needs(self) -> Amount:
        """Of all its processes together."""
        order, nodes = self.order, self.order.nodes
        return Amount(order.cpu * nodes, order.memory_mb * nodes, int(order.gpus) * nodes)

    def claim(self, priorities: dict[str, int]) -> Claim:
        """Itself in the eyes of the queue."""
        told = self.told
        value = priorities.get(told.priority, 0)
        return Claim(
            self.order.name, self.order.tenant, self.needs(), value, told.arrived, told.since
        )

    def settle_on(self, flavour: str, cores: list[tuple], gpus: list[tuple]) -> None:
        """Give it hardware, one part for each node; write that down."""
        self.told.flavour, self.told.admitted_at = flavour, time.time()
        self.pods = [
            Pod(
                PodPlace(secrets.token_hex(10), f"{self.order.name}-{index}", index, *part),
                self.folder,
            )
            for index, part in enumerate(zip(cores, gpus, strict=True))
        ]
        self.write()

    def take_up(self) -> None:
        """After a restart: go on with what runs; wait again where nothing had begun."""
        begun = [pod.take_up() for pod in self.pods]
        if self.pods and not any(begun):
            for pod in self.pods:
                shutil.rmtree(pod.folder, ignore_errors=True)
            self.pods, self.told.flavour, self.told.admitted_at = [], "", None
            self.write()
        for pod, was in zip(self.pods, begun, strict=False):
            if not was:
                pod.void("The machine stopped before it could begin.")

    def look(self) -> None:
        """Read what the pods did; where one failed or a stop was asked, ask the others to end."""
        for pod in self.pods:
            pod.look()

    def ask(self, number: int) -> None:
        """Tell all that still run to end."""
        for pod in self.pods:
            pod.ask(number)

    @property
    def is_broken(self) -> bool:
        """One of its processes failed: the others are of no use."""
        return any(pod.end and pod.end["end"] != EndCause.COMPLETED for pod in self.pods)

    def release(self, pods: Iterable[str]) -> None:
        """These need not be told any more, where they have ended."""
        wanted = set(pods)
        fresh = [pod.place.uid for pod in self.pods if pod.end and pod.place.uid in wanted]
        if set(fresh) - set(self.told.released):
            self.told.released = sorted({*self.told.released, *fresh})
            self.write()

    def pod(self, uid: str) -> Pod | None:
        """One of its pods, released or not."""
        return next((pod for pod in self.pods if pod.place.uid == uid), None)

    def sighting(self, node: str) -> JobSighting:
        """As the port tells it."""
        pods = tuple(pod.sighting(node, self.told.flavour) for pod in self.pods)
        base = {
            "name": self.order.name,
            "uid": self.order.uid,
            "flavour": self.told.flavour,
            "pods": tuple(pod for pod in pods if pod.uid not in self.told.released),
            "admitted_at": moment(self.told.admitted_at),
        }
        if self.waits:
            return JobSighting(**base, **self._waiting())
        if self.ended:
            return JobSighting(**base, **self._ended(pods))
        begun = [pod.started_at for pod in pods if pod.started_at]
        if len(begun) < len(pods):
            words = "It is being started."
            return JobSighting(
                **base, phase=JobPhase.STARTING, wait=WaitCause.STARTING, words=words
            )
        words = "It is being stopped." if self.told.stop_asked_at else ""
        return JobSighting(**base, phase=JobPhase.RUNNING, words=words, started_at=min(begun))

    def _waiting(self) -> dict[str, Any]:
        place = self.place or Place(1, "It has just arrived.")
        return {
            "phase": JobPhase.WAITING,
            "wait": WaitCause.BEHIND,
            "words": place.words,
            "position": place.position,
        }

    def _ended(self, pods: tuple[PodSighting, ...]) -> dict[str, Any]:
        if not pods:
            at = moment(self.told.stopped_at)
            stopped = EndCause.STOPPED
            words = "It was stopped before it began."
            return {"phase": JobPhase.STOPPED, "end": stopped, "words": words, "ended_at": at}
        first = self._deciding(pods)
        return {
            "phase": PHASES.get(first.end, JobPhase.FAILED),
            "end": first.end,
            "exit_code": first.exit_code,
            "words": first.reason,
            "started_at": min((pod.started_at for pod in pods if pod.started_at), default=None),
            "ended_at": max(pod.ended_at for pod in pods),
        }

    def _deciding(self, pods: tuple[PodSighting, ...]) -> PodSighting:
        """The one that ended it: the first that failed by itself, else that was ended."""
        by_end = sorted(pods, key=lambda pod: pod.ended_at)
        asked = self.told.stop_asked_at is not None
        failed = [pod for pod in by_end if pod.end is not EndCause.COMPLETED]
        own = [pod for pod in failed if asked or pod.end is not EndCause.STOPPED]
        return (own or failed or by_end[-1:])[0]


def least_used(count: int, held: dict[int, int]) -> tuple[int, ...]:
    """The `count` things that fewest hold; `held` is counted up."""
    chosen = tuple(sorted(held, key=lambda thing: (held[thing], thing))[:count])
    for thing in chosen:
        held[thing] += 1
    return chosen


def whole(number: Decimal) -> int:
    """Cores that a part of one needs."""
    return int(number.to_integral_value(rounding="ROUND_CEILING"))
