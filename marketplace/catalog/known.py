"""What upper rooms know of one model and nobody has to type, without the catalogue knowing them.

An upper room calls `connect(name, provider)` from a module named in the storey's `apps.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

Provider = Callable[[object, object], object]
NAMES = ("service", "consumers", "feedback")
_providers: dict[str, Provider] = {}
_runtimes: list[Callable[[], "Runtime | None"]] = []


@dataclass(frozen=True)
class Served:
    """A version in service: from `since`, and to `until` unless it still is. UTC."""

    version: int
    status: str
    since: datetime
    until: datetime | None = None
    environments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Feedback:
    """`average` stars of `count` ratings; `open` problems, of which some as (title, address)."""

    average: float | None
    count: int
    open: int
    problems: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Runtime:
    """What is installed where models are served, as reported from there at `seen_at`.

    `packages` are distributions by normalised name, with their versions.
    """

    python: str
    packages: dict[str, str]
    seen_at: datetime


def connect(name: str, provider: Provider) -> None:
    """`provider(model, user)` gives what may be told to this person.

    `service`: list of `Served`, the latest first; `consumers`: how many tenants may call it now;
    `feedback`: a `Feedback`.
    """
    if name not in NAMES:
        raise ValueError(f"{name} is none of {', '.join(NAMES)}.")
    _providers[name] = provider


def of(model, user) -> dict:
    """Everything the connected rooms tell of `model`, by name; absent where none is connected."""
    return {name: provider(model, user) for name, provider in _providers.items()}


def connect_runtime(report: Callable[[], Runtime | None]) -> None:
    """`report()` says what is installed where models are served; None while nobody knows."""
    _runtimes[:] = [report]


def runtime() -> Runtime | None:
    """What is installed where models are served, or None: not known."""
    return _runtimes[0]() if _runtimes else None
