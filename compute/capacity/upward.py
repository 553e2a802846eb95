"""What capacity needs to know of jobs, which it does not import; they connect their answers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True)
class Waiting:
    """A job that waits, as this reader may see it. `units` are GPUs of all its nodes, or cores.

    `flavours` are ids of those it may go to; `cause` is a `WaitCause`; `low` and `high` hold
    its expected start nine times in ten, None where nobody knows.
    """

    name: str
    href: str
    tenant: str
    needs: str
    units: Decimal
    since: datetime
    why: str
    cause: str = ""
    wrong: bool = False
    flavours: tuple = ()
    low: datetime | None = None
    high: datetime | None = None


@dataclass(frozen=True)
class Holder:
    """The job behind an attempt that holds hardware."""

    name: str
    href: str


def _nobody_waits(user) -> list[Waiting]:
    return []


def _no_holders(user, names: Iterable[str]) -> dict[str, Holder]:
    return {}


def _no_priorities() -> dict[str, int]:
    return {}


@dataclass
class Sources:
    """`waiting(user)` gives the jobs that wait, the longest first; `holders(user, names)` those
    of the engine's names that the reader may see; `priorities()` names with their values."""

    waiting: Callable[[object], list[Waiting]] = _nobody_waits
    holders: Callable[[object, Iterable[str]], dict[str, Holder]] = _no_holders
    priorities: Callable[[], dict[str, int]] = _no_priorities


sources = Sources()


def connect(**answers: Callable) -> None:
    """Say who knows the jobs; names are the fields of `Sources`."""
    for name, answer in answers.items():
        if name not in Sources.__dataclass_fields__:
            raise TypeError(f"Nobody asks for {name}.")
        setattr(sources, name, answer)
