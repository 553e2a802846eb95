"""What the money needs to know of rooms that it does not import; they connect their answers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


def _no_models(user) -> list:
    return []


def _no_keys(user, ids: Iterable) -> dict:
    return {}


@dataclass
class Sources:
    """`models(user)` gives the ids of models that `user` may know of, as a list or a subquery;
    `keys(user, ids)` a dict with `name`, `prefix`, `used_at` and `href` by id of a key."""

    models: Callable[[object], Iterable] = _no_models
    keys: Callable[[object, Iterable], dict] = _no_keys


sources = Sources()


def connect(**answers: Callable) -> None:
    """Say who knows the models or the keys; names are the fields of `Sources`."""
    for name, answer in answers.items():
        if name not in Sources.__dataclass_fields__:
            raise TypeError(f"Nobody asks for {name}.")
        setattr(sources, name, answer)
