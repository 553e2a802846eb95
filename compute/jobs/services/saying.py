"""The same word about several attempts to an engine, a few of them on their way at once."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from compute.engines.jobs import EngineRefused, EngineUnavailable

AT_ONCE = 8
One = TypeVar("One")


def say(word: Callable[[One], Any], ones: Iterable[One]) -> list[tuple[One, Any]]:
    """Each with its answer, which is the exception where the engine refused it or was silent:
    one that cannot be said now keeps no other from being said."""
    todo = list(ones)
    if not todo:
        return []
    with ThreadPoolExecutor(min(AT_ONCE, len(todo))) as threads:
        return list(zip(todo, threads.map(lambda one: _said(word, one), todo), strict=True))


def refusals(word: Callable[[One], Any], ones: Iterable[One]) -> dict[One, Exception]:
    """`say`, and the exceptions alone."""
    return {one: no for one, no in say(word, ones) if isinstance(no, Exception)}


def _said(word: Callable[[One], Any], one: One) -> Any:
    try:
        return word(one)
    except (EngineRefused, EngineUnavailable) as no:
        return no
