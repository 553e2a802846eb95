"""What we ask of a program or cluster that runs jobs, in our own words. No Django."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from marketplace.engines.base import EngineRefused, EngineUnavailable

__all__ = [
    "PRIORITIES",
    "EndCause",
    "EngineRefused",
    "EngineUnavailable",
    "Eviction",
    "JobEngine",
    "JobOrder",
    "JobPhase",
    "JobSighting",
    "LogMark",
    "LogPiece",
    "LogPieces",
    "PodSighting",
    "WaitCause",
]

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
PRIORITIES = {"low": 100, "normal": 1000, "high": 5000, "urgent": 9000}  # unless told otherwise
MOST_NODES = 256
MOST_SECONDS = 30 * 24 * 3600


class JobPhase(StrEnum):
    ABSENT = "absent"  # the engine has nothing of this name
    WAITING = "waiting"  # taken, and without hardware
    STARTING = "starting"  # hardware is set aside, not every process runs yet
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"  # ended because it was asked to


class WaitCause(StrEnum):
    """Why a job does not run. `wrong` ones pass only when somebody changes something."""

    BEHIND = "behind"  # others of the same queue come first
    QUOTA = "quota"  # what the tenant has and may borrow is in use
    SPACE = "space"  # enough is free, but not in one place
    STARTING = "starting"  # being placed, or its image is being fetched
    TOO_LARGE = "too_large"  # more than the tenant could ever get
    NO_HARDWARE = "no_hardware"  # no node of that kind, or not in that region
    HELD = "held"  # the queue is closed
    IMAGE = "image"  # the image cannot be fetched
    SILENT = "silent"  # the engine does not answer now

    @property
    def wrong(self) -> bool:
        return self in {self.TOO_LARGE, self.NO_HARDWARE, self.HELD, self.IMAGE}


class EndCause(StrEnum):
    """How an attempt, or the stretch of one of its pods, ended."""

    COMPLETED = "completed"
    EXIT = "exit"  # its own program failed
    MEMORY = "memory"  # it took more than it asked for
    TIME_LIMIT = "time_limit"
    NODE_LOST = "node_lost"
    EVICTED = "evicted"  # pre-empted; the engine runs it again by itself
    STOPPED = "stopped"
    REFUSED = "refused"  # the engine will not run it; the reason says why
    GONE = "gone"  # somebody removed it behind our back


@dataclass(frozen=True)
class JobOrder:
    """One attempt of a job. `name` and `uid` derive from our ids: ordering twice is once.

    Needs are those of one node: `gpus` may be a part of one GPU where the flavour is shared,
    memory in MB. `flavours` are names of flavours that fit, best first. `variables` reach the
    process as they are; they hold no secret. `checkpoint` is a path that outlives the attempt.
    """

    name: str
    uid: str
    tenant: str
    image: str
    command: tuple[str, ...]
    flavours: tuple[str, ...]
    gpus: Decimal = Decimal(0)
    cpu: Decimal = Decimal(1)
    memory_mb: int = 1024
    nodes: int = 1
    time_limit_s: int = 3600
    priority: str = "normal"
    region: str = ""
    together: bool = False  # all nodes in one rack, where the engine knows racks
    checkpoint: str = ""
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what no engine could run, with words for the human."""
        if not NAME.fullmatch(self.name):
            raise EngineRefused("A job's name has 1 to 63 small letters, digits, inner hyphens.")
        if not self.command:
            raise EngineRefused("A job needs a command.")
        if not self.flavours:
            raise EngineRefused("No hardware fits what the job needs.")
        self._check_needs()
        if wrong := [name for name in self.variables if not VARIABLE.fullmatch(name)]:
            raise EngineRefused(f"{wrong[0]!r} cannot be the name of a variable.")
        if any("\0" in text for text in (*self.command, *self.variables.values())):
            raise EngineRefused("A command and its variables hold no null character.")

    def _check_needs(self) -> None:
        if not 1 <= self.nodes <= MOST_NODES:
            raise EngineRefused(f"Nodes run from 1 to {MOST_NODES}.")
        if not (self.gpus.is_finite() and self.cpu.is_finite()):
            raise EngineRefused("GPUs and CPU are finite numbers.")
        if self.gpus < 0 or self.cpu <= 0 or self.memory_mb < 64:
            raise EngineRefused("CPU runs from above 0, memory from 64 MB, GPUs from 0.")
        if not 1 <= self.time_limit_s <= MOST_SECONDS:
            raise EngineRefused("A time limit runs from 1 second to 30 days.")

    def as_dict(self) -> dict:
        """The order as JSON would hold it: decimals as text."""
        values = asdict(self)
        return values | {"gpus": str(self.gpus), "cpu": str(self.cpu)}


@dataclass(frozen=True)
class PodSighting:
    """One process of an attempt on one node, for one stretch of time.

    `uid` is unique for ever; a job that was evicted comes back with others. Times are those of
    the engine. `ended_at` is set exactly once it holds no hardware any more.
    """

    uid: str
    name: str
    index: int = 0
    node: str = ""
    flavour: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    end: EndCause | None = None
    exit_code: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Eviction:
    """The engine took the hardware away. `rule` in the engine's term, `by` the job that got it."""

    at: datetime
    rule: str
    by: str = ""
    words: str = ""


@dataclass(frozen=True)
class JobSighting:
    """What the engine says about one attempt at one moment.

    `words` are for people who know no engine; `detail` is the engine's own text, for operators.
    `position` counts from 1 in the queue of its tenant while it waits.
    """

    name: str
    phase: JobPhase
    uid: str = ""
    wait: WaitCause | None = None
    words: str = ""
    detail: str = ""
    position: int | None = None
    flavour: str = ""
    pods: tuple[PodSighting, ...] = ()
    evictions: tuple[Eviction, ...] = ()
    admitted_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    end: EndCause | None = None
    exit_code: int | None = None

    @property
    def ended(self) -> bool:
        return self.phase in {JobPhase.SUCCEEDED, JobPhase.FAILED, JobPhase.STOPPED}


@dataclass(frozen=True)
class LogMark:
    """How far the log of one pod has been read. Opaque: only its engine makes and reads one."""

    text: str = ""


@dataclass(frozen=True)
class LogPiece:
    """One line of a log. `redraw`: it takes the place of the line before, as progress bars do."""

    at: datetime
    text: str
    mark: LogMark
    stream: str = "stdout"
    redraw: bool = False


LogPieces = list[LogPiece]


class JobEngine(Protocol):
    """The port. Methods raise `EngineUnavailable` (ask again) or `EngineRefused`, nothing else."""

    def ready(self) -> bool:
        """Whether the engine answers now. Never raises."""

    def start(self, order: JobOrder) -> JobSighting:
        """Order an attempt. The same order again changes nothing; `EngineRefused` where the name
        is taken by an order with another `uid`, or the engine will never run this."""

    def look(self, name: str) -> JobSighting:
        """What is seen of one attempt; phase `absent` for a name that nobody ordered.

        Pods that ended stay in sight until they are released."""

    def look_all(self, wanted: Iterable[str]) -> tuple[JobSighting, ...]:
        """As `look` of each of these names, in whatever order and as few questions as it takes."""

    def stop(self, name: str) -> None:
        """Ask an attempt to end; its pods stay in sight until released. Fine if there is none."""

    def release(self, name: str, pods: Iterable[str]) -> None:
        """What was seen of these ended pods (uids) is written down: the engine may drop them."""

    def forget(self, name: str) -> None:
        """Drop all of an attempt whose end is written down. Fine if there is nothing."""

    def prioritise(self, name: str, priority: str) -> None:
        """Change the priority of an attempt, waiting or running."""

    def present(self) -> dict[str, str]:
        """Names and uids of all attempts that are ordered here and not forgotten. Cheap, so that
        what nobody ordered is found however many there are."""

    def watch(self, stopped: Callable[[], bool]) -> Iterator[str]:
        """Names of attempts as they move, and "" as a sign of life at least every 5 seconds,
        until `stopped()`. May miss moves: who watches also sweeps. `EngineUnavailable` when the
        line breaks; then call again."""

    def follow(
        self, name: str, pod: str, after: LogMark, stopped: Callable[[], bool]
    ) -> Iterator[LogPieces]:
        """The log of one pod (uid) behind `after`, as it is written, in its order, at most 0.2 s
        late, until the pod has ended and all is read, or `stopped()`. Empty lists are signs of
        life, at least every 5 seconds. `EngineUnavailable` when the line breaks; then call again
        with the last mark."""
