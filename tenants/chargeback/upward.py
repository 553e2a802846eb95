"""What the money needs to know of rooms that it does not import; they connect their answers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID


def _no_models(user) -> list:
    return []


def _no_keys(user, ids: Iterable) -> dict:
    return {}


def _nothing_ran(since, until) -> list:
    return []


def _nothing_owed(since, until) -> int:
    return 0


def _unknown(user, id):
    return None


def _all_is_well() -> list:
    return []


@dataclass(frozen=True)
class Kind:
    """A kind of hardware as the price book must know it; `tenant` earns what it costs."""

    id: UUID
    slug: str
    name: str
    tenant: object
    meter: str


@dataclass(frozen=True)
class Ran:
    """A stretch of hardware that ended and was billed; `nano` of `currency` is above 0."""

    id: UUID
    tenant_id: UUID
    currency: str
    nano: int


@dataclass
class Sources:
    """What those above answer; days are dates, both ends included.

    `models(user)` and `hardware(user)` give the ids of what `user` may know of, as a list or a
    subquery; `keys(user, ids)` a dict with `name`, `prefix`, `used_at` and `href` by id of a key;
    `kind(user, id)` a `Kind` or None, `kinds(user)` all of them. `owed(since, until)`
    counts the stretches of hardware that ended on these days and are not billed,
    `ran(since, until)` gives the billed ones as `Ran`.
    `amiss()` is what does not agree with the ledger, in words.
    """

    models: Callable[[object], Iterable] = _no_models
    keys: Callable[[object, Iterable], dict] = _no_keys
    hardware: Callable[[object], Iterable] = _no_models
    kind: Callable[[object, UUID], Kind | None] = _unknown
    kinds: Callable[[object], list[Kind]] = _no_models
    owed: Callable[[date, date], int] = _nothing_owed
    ran: Callable[[date, date], list[Ran]] = _nothing_ran
    amiss: Callable[[], list[str]] = _all_is_well


sources = Sources()


def connect(**answers: Callable) -> None:
    """Say who knows the models, the keys or the hardware; names are the fields of `Sources`."""
    for name, answer in answers.items():
        if name not in Sources.__dataclass_fields__:
            raise TypeError(f"Nobody asks for {name}.")
        setattr(sources, name, answer)
