"""The same word about several attempts to an engine, a few of them on their way at once."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from compute.engines.jobs import EngineRefused, EngineUnavailable

AT_ONCE = 8
One = TypeVar("One")


def say(word: Callable[[One], Any], ones: Iterable[One]) -> list[tuple[One, Any]]:
    """Each with its answer, which is the exception where the engine refused it or was silent."""
    todo = list(ones)
    if not todo:
        return []
    with ThreadPoolExecutor(min(AT_ONCE, len(todo))) as threads:
        return list(zip(todo, threads.map(lambda one: _said(word, one), todo), strict=True))


def insist(word: Callable[[One], Any], ones: Iterable[One]) -> None:
    """`say`, and raise the first such exception once all are said."""
    for _, answer in say(word, ones):
        if isinstance(answer, Exception):
            raise answer


def _said(word: Callable[[One], Any], one: One) -> Any:
    try:
        return word(one)
    except (EngineRefused, EngineUnavailable) as no:
        return no
