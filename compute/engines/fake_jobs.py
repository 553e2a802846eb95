"""A job engine in a dictionary, with the manners of the real ones; for tests."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from compute.engines.fake_fleet import FakeFleet
from compute.engines.fleet import Drift, FleetOrder, Holding, NodeSighting
from compute.engines.job_queue import turn
from compute.engines.jobs import (
    PRIORITIES,
    EndCause,
    EngineRefused,
    EngineUnavailable,
    Eviction,
    JobOrder,
    JobPhase,
    JobSighting,
    LogMark,
    LogPiece,
    LogPieces,
    PodSighting,
    WaitCause,
)

HEARTBEAT = 0.5
LOOK_EVERY = 0.02


@dataclass
class Held:
    """One attempt; `now` is all of its sighting but the place in the queue."""

    order: JobOrder
    number: int
    priority: str
    now: JobSighting
    logs: dict[str, list[LogPiece]] = field(default_factory=dict)

    @property
    def waits(self) -> bool:
        return self.now.phase is JobPhase.WAITING

    def rank(self, values: dict[str, int]) -> tuple[int, int]:
        """Smaller comes first."""
        return (-values.get(self.priority, 0), self.number)


class FakeJobs:
    """A `JobEngine` and a `FleetEngine` in memory. Nothing moves until a test moves it.

    `down = True` takes it away. `faults(moment, verb)` is called with "before" and "after" every
    call of the port that changes or reads something, and may raise: after is when the effect has
    happened and its reply is lost. `orders` are the orders that took effect, in their order.
    `now()` is its clock; `pass_time` moves it on. `lingers` makes a stop wait for `finish`.
    """

    def __init__(self) -> None:
        self.down = False
        self.lingers = False
        self.faults: Callable[[str, str], None] | None = None
        self.orders: list[JobOrder] = []
        self.fleet = FakeFleet()
        self.clock: Callable[[], float] = time.time
        self._later = 0.0
        self._lock = threading.RLock()
        self._held: dict[str, Held] = {}
        self._moves: list[str] = []
        self._counted = 0

    # What a test does to it

    def now(self) -> datetime:
        """The time on its clock."""
        return datetime.fromtimestamp(self.clock() + self._later, UTC)

    def pass_time(self, seconds: float) -> None:
        """Move its clock on."""
        self._later += seconds

    def nodes_are(self, *nodes: NodeSighting) -> None:
        """Its machines from now on."""
        self.fleet.machines = {node.name: node for node in nodes}

    def wait_because(self, name: str, cause: WaitCause, words: str = "", detail: str = "") -> None:
        """Say why an attempt waits."""
        self._change(name, wait=cause, words=words, detail=detail)

    def admit(self, name: str) -> None:
        """Set hardware aside; nothing runs yet."""
        held = self._held[name]
        self._change(
            name,
            phase=JobPhase.STARTING,
            wait=WaitCause.STARTING,
            words="It is being started.",
            flavour=held.order.flavours[0],
            admitted_at=held.now.admitted_at or self.now(),
        )

    def run(self, name: str, flavour: str = "", nodes: tuple[str, ...] = ()) -> None:
        """Let all its pods run, on these nodes if any are named."""
        with self._lock:
            self.admit(name)
            held, now = self._held[name], self.now()
            chosen = flavour or held.order.flavours[0]
            places = nodes or tuple(self.fleet.machines) or ("node-1",)
            pods = tuple(
                self._pod(held, index, places[index % len(places)], chosen, now)
                for index in range(held.order.nodes)
            )
            held.logs |= {pod.uid: [] for pod in pods}
            self._change(
                name,
                phase=JobPhase.RUNNING,
                wait=None,
                words="",
                flavour=chosen,
                pods=(*held.now.pods, *pods),
                started_at=now,
            )

    def finish(
        self, name: str, exit_code: int = 0, end: EndCause | None = None, reason: str = ""
    ) -> None:
        """End it: by itself, or for the cause that is named."""
        end = end or (EndCause.EXIT if exit_code else EndCause.COMPLETED)
        phases = {EndCause.COMPLETED: JobPhase.SUCCEEDED, EndCause.STOPPED: JobPhase.STOPPED}
        self._end(name, phases.get(end, JobPhase.FAILED), end, exit_code, reason)

    def lose_node(self, name: str) -> None:
        """The machine it runs on is gone, and the attempt with it."""
        reason = "The machine it ran on was lost."
        self._end(name, JobPhase.FAILED, EndCause.NODE_LOST, None, reason)

    def evict(self, name: str, by: str = "", rule: str = "priority", words: str = "") -> None:
        """Take its hardware away: it waits again, and its pods stay in sight."""
        with self._lock:
            held, now = self._held[name], self.now()
            ended = self._ended(held, EndCause.EVICTED, None, words)
            self._change(
                name,
                phase=JobPhase.WAITING,
                wait=WaitCause.QUOTA,
                words=words or "Its hardware was given to another job.",
                pods=ended,
                evictions=(*held.now.evictions, Eviction(now, rule, by, words)),
                admitted_at=None,
                started_at=None,
            )

    def vanish(self, name: str) -> None:
        """Somebody removed it behind our back."""
        with self._lock:
            del self._held[name]
            self._moves.append(name)

    def say(
        self, name: str, *lines: str, index: int = 0, redraw: bool = False, stream: str = "stdout"
    ) -> None:
        """Let the newest pod of this index print these lines."""
        with self._lock:
            held = self._held[name]
            pod = [one for one in held.now.pods if one.index == index][-1]
            log = held.logs[pod.uid]
            for line in lines:
                log.append(LogPiece(self.now(), line, LogMark(str(len(log) + 1)), stream, redraw))

    # The port of jobs

    def ready(self) -> bool:
        """Whether it is up."""
        return not self.down

    def start(self, order: JobOrder) -> JobSighting:
        """Take an order."""
        with self._call("start"):
            held = self._held.get(order.name)
            if held is None:
                held = self._take(order)
            elif held.order.uid != order.uid:
                raise EngineRefused(f"The name {order.name} is taken by another order.")
            return self._sighting(held)

    def look(self, name: str) -> JobSighting:
        """One attempt."""
        with self._call("look"):
            held = self._held.get(name)
            return self._sighting(held) if held else JobSighting(name, JobPhase.ABSENT)

    def look_all(self, wanted: Iterable[str]) -> tuple[JobSighting, ...]:
        """One after the other."""
        return tuple(self.look(name) for name in wanted)

    def stop(self, name: str) -> None:
        """Stop one, at once unless it lingers."""
        with self._call("stop"):
            held = self._held.get(name)
            if held is None or held.now.ended or (self.lingers and not held.waits):
                return
            self._end(name, JobPhase.STOPPED, EndCause.STOPPED, None, "It was stopped.")

    def release(self, name: str, pods: Iterable[str]) -> None:
        """Drop ended pods and their logs."""
        with self._call("release"):
            held, wanted = self._held.get(name), set(pods)
            if held is None:
                return
            gone = {one.uid for one in held.now.pods if one.uid in wanted and one.ended_at}
            kept = tuple(one for one in held.now.pods if one.uid not in gone)
            held.now = replace(held.now, pods=kept)
            held.logs = {uid: log for uid, log in held.logs.items() if uid not in gone}

    def forget(self, name: str) -> None:
        """Drop an ended attempt."""
        with self._call("forget"):
            held = self._held.get(name)
            if held and not held.now.ended:
                raise EngineRefused("It has not ended: stop it first.")
            self._held.pop(name, None)

    def prioritise(self, name: str, priority: str) -> None:
        """Change its place in the queue."""
        with self._call("prioritise"):
            if priority not in self._priorities():
                raise EngineRefused(f"There is no priority {priority!r}.")
            if held := self._held.get(name):
                held.priority = priority
                self._moves.append(name)

    def present(self) -> dict[str, str]:
        """All of them."""
        with self._call("present"):
            return {name: held.order.uid for name, held in sorted(self._held.items())}

    def watch(self, stopped: Callable[[], bool]) -> Iterator[str]:
        """Names as tests move them."""
        with self._call("watch"):
            seen = len(self._moves)
        yield ""
        heard = time.monotonic()
        while not stopped():
            with self._call("watch"):
                fresh, seen = self._moves[seen:], len(self._moves)
            yield from dict.fromkeys(fresh)
            if time.monotonic() - heard > HEARTBEAT:
                heard = time.monotonic()
                yield ""
            time.sleep(LOOK_EVERY)

    def follow(
        self, name: str, pod: str, after: LogMark, stopped: Callable[[], bool]
    ) -> Iterator[LogPieces]:
        """The log of one pod behind a mark."""
        at, heard = int(after.text or 0), time.monotonic()
        while not stopped():
            with self._call("follow"):
                fresh, ended = self._read(name, pod, at)
            at += len(fresh)
            if fresh or time.monotonic() - heard > HEARTBEAT:
                heard = time.monotonic()
                yield fresh
            if ended:
                return
            time.sleep(LOOK_EVERY)

    # The port of hardware

    def version(self) -> str:
        """What it calls itself."""
        with self._call("version"):
            return "Pretended hardware"

    def nodes(self) -> tuple[NodeSighting, ...]:
        """The machines a test named, with what runs there."""
        with self._call("nodes"):
            return self.fleet.sightings(
                [
                    (pod.node, Holding(held.order.name, held.order.tenant, held.order.gpus))
                    for held in self._held.values()
                    for pod in held.now.pods
                    if pod.ended_at is None
                ]
            )

    def drift(self, order: FleetOrder) -> tuple[Drift, ...]:
        """What is not as ordered."""
        with self._call("drift"):
            return self.fleet.drift(order)

    def apply(self, order: FleetOrder) -> None:
        """Share as ordered from now on."""
        with self._call("apply"):
            self.fleet.apply(order)

    # Inside

    @contextmanager
    def _call(self, verb: str) -> Iterator[None]:
        if self.down:
            raise EngineUnavailable("The job engine is down.")
        if self.faults:
            self.faults("before", verb)
        with self._lock:
            yield
        if self.faults:
            self.faults("after", verb)

    def _priorities(self) -> dict[str, int]:
        ordered = self.fleet.ordered
        return ordered.priorities if ordered and ordered.priorities else PRIORITIES

    def _take(self, order: JobOrder) -> Held:
        if order.priority not in self._priorities():
            raise EngineRefused(f"There is no priority {order.priority!r}.")
        self._counted += 1
        now = JobSighting(order.name, JobPhase.WAITING, uid=order.uid, wait=WaitCause.BEHIND)
        held = Held(order, self._counted, order.priority, now)
        self._held[order.name] = held
        self.orders.append(order)
        self._moves.append(order.name)
        return held

    def _pod(self, held: Held, index: int, node: str, flavour: str, now: datetime) -> PodSighting:
        self._counted += 1
        name = f"{held.order.name}-{index}"
        return PodSighting(f"pod-{self._counted}", name, index, node, flavour, started_at=now)

    def _change(self, name: str, **changes) -> None:
        with self._lock:
            held = self._held[name]
            held.now = replace(held.now, **changes)
            self._moves.append(name)

    def _ended(
        self, held: Held, end: EndCause, exit_code: int | None, reason: str
    ) -> tuple[PodSighting, ...]:
        said = {"ended_at": self.now(), "end": end, "exit_code": exit_code, "reason": reason}
        return tuple(pod if pod.ended_at else replace(pod, **said) for pod in held.now.pods)

    def _end(
        self, name: str, phase: JobPhase, end: EndCause, exit_code: int | None, words: str
    ) -> None:
        with self._lock:
            held = self._held[name]
            self._change(
                name,
                phase=phase,
                wait=None,
                words=words,
                pods=self._ended(held, end, exit_code, words),
                ended_at=self.now(),
                end=end,
                exit_code=exit_code,
            )

    def _sighting(self, held: Held) -> JobSighting:
        if not held.waits:
            return held.now
        values = self._priorities()
        queue = [o for o in self._held.values() if o.waits and o.order.tenant == held.order.tenant]
        position = 1 + sum(one.rank(values) < held.rank(values) for one in queue)
        words = held.now.words or turn(position)
        return replace(held.now, position=position, words=words)

    def _read(self, name: str, pod: str, at: int) -> tuple[LogPieces, bool]:
        held = self._held.get(name)
        if held is None or pod not in held.logs:
            raise EngineRefused("There is no log of this pod.")
        log = held.logs[pod]
        running = any(one.uid == pod and one.ended_at is None for one in held.now.pods)
        return log[at:], not running
