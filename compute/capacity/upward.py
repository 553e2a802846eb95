"""What capacity needs to know of jobs, which it does not import; they connect their answers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True)
class Waiting:
    """A job that waits, as this reader may see it. `wrong`: only a person can change it.

    `low` and `high` hold its expected start nine times in ten, None where nobody knows.
    """

    name: str
    href: str
    tenant: str
    needs: str
    since: datetime
    why: str = ""
    wrong: bool = False
    low: datetime | None = None
    high: datetime | None = None


@dataclass(frozen=True)
class Count:
    """How many jobs, and how many GPUs (cores, where none are asked for) they need together."""

    jobs: int = 0
    units: Decimal = Decimal(0)


@dataclass(frozen=True)
class Queued:
    """All that waits, as far as a reader may see. `flavours` counts by the kind that a job would
    go to first: (id of the cluster, slug); `tenants` by that and the slug of the tenant; `first`
    are the next ones."""

    total: Count = Count()
    since: datetime | None = None
    flavours: dict[tuple, Count] = field(default_factory=dict)
    tenants: dict[tuple, Count] = field(default_factory=dict)
    first: list[Waiting] = field(default_factory=list)


@dataclass(frozen=True)
class Holder:
    """The job behind an attempt that holds hardware."""

    name: str
    href: str


def _nobody_waits(user, *, most: int, flavour=None) -> Queued:
    return Queued()


def _no_holders(user, names: Iterable[str]) -> dict[str, Holder]:
    return {}


@dataclass
class Sources:
    """`waiting(user, most=, flavour=)` gives what waits, of one flavour where one is named (its
    row); `holders(user, names)` the jobs behind the engine's names that the reader may see."""

    waiting: Callable[..., Queued] = _nobody_waits
    holders: Callable[[object, Iterable[str]], dict[str, Holder]] = _no_holders


sources = Sources()


def connect(**answers: Callable) -> None:
    """Say who knows the jobs; names are the fields of `Sources`."""
    for name, answer in answers.items():
        if name not in Sources.__dataclass_fields__:
            raise TypeError(f"Nobody asks for {name}.")
        setattr(sources, name, answer)
