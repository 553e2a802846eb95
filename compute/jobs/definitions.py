"""What a pipeline may look like: steps that need each other, checked before anything is kept."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import PurePosixPath

from portal.core.errors import Refused

MOST_STEPS = 30
MOST_PATHS = 20
MOST_RETRIES = 10
SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
OWN = ("slug", "name", "after", "inputs", "outputs", "needs")
NAMES = 80


@dataclass(frozen=True)
class Flaw:
    """Something that is wrong. `place` leads to it: ("steps", 2, "after")."""

    place: tuple
    words: str

    @property
    def field(self) -> str:
        """The place as one word, the way programs name fields: `steps.2.after`."""
        return ".".join(map(str, self.place))


class Flawed(Refused):
    """A definition that cannot be run, with everything that is wrong with it."""

    def __init__(self, flaws: Iterable[Flaw]):
        self.flaws = tuple(flaws)
        first = self.flaws[0]
        super().__init__(first.words, field=first.field or "steps")


@dataclass(frozen=True)
class Planned:
    """One step as it will be kept. `asks` are values of a job's form by field name; `number` is
    its place as it was written."""

    slug: str
    name: str
    after: tuple[str, ...]
    asks: Mapping
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    number: int = 0


def check(steps, *, known: Iterable[str]) -> list[Planned]:
    """The steps, those that are needed first; `known` are the fields that a job has.

    Raises `Flawed` with every flaw that is found.
    """
    flaws: list[Flaw] = []
    if not isinstance(steps, list) or not steps:
        raise Flawed([Flaw(("steps",), "A pipeline needs at least one step.")])
    if len(steps) > MOST_STEPS:
        words = f"This has {len(steps)} steps. A pipeline has {MOST_STEPS} or fewer."
        raise Flawed([Flaw(("steps",), words)])
    known = frozenset(known) - {"name"}
    planned = [_step(number, given, known, flaws) for number, given in enumerate(steps)]
    _check_slugs(steps, flaws)
    found = [step for step in planned if step]
    if not flaws:
        _check_after(found, flaws)
    if flaws:
        raise Flawed(flaws)
    return _in_order(found)


def _step(number: int, given, known: frozenset, flaws: list[Flaw]) -> Planned | None:
    here = ("steps", number)
    if not isinstance(given, Mapping):
        flaws.append(
            Flaw(here, "A step is a list of names with values, such as slug and command.")
        )
        return None
    before = len(flaws)
    slug = given.get("slug")
    if not isinstance(slug, str) or not SLUG.fullmatch(slug):
        words = "A step needs a slug of small letters, digits and inner hyphens, up to 40."
        flaws.append(Flaw((*here, "slug"), words))
    asks = _asks(here, given, known, flaws)
    if not asks.get("command") and not any(flaw.place[2:3] == ("command",) for flaw in flaws):
        flaws.append(
            Flaw((*here, "command"), "A step needs a command: a line or a list of words.")
        )
    after = _words(here, "after", given, flaws, most=MOST_STEPS)
    inputs, outputs = (_paths(here, name, given, flaws) for name in ("inputs", "outputs"))
    if len(flaws) > before:
        return None
    name = str(given.get("name") or slug.replace("-", " ").capitalize())[:NAMES]
    return Planned(slug, name, after, asks, inputs, outputs, number)


def _asks(here: tuple, given: Mapping, known: frozenset, flaws: list[Flaw]) -> dict:
    needs = given.get("needs") or {}
    if not isinstance(needs, Mapping):
        flaws.append(Flaw((*here, "needs"), "Needs are names with values, such as gpus: 1."))
        needs = {}
    asks = {name: value for name, value in given.items() if name not in OWN}
    for inside, values in ((), asks), (("needs",), needs):
        for name in values:
            if name not in known:
                words = f"A step has no {str(name)[:40]!r}. It may have {_listed(known, inside)}."
                flaws.append(Flaw((*here, *inside, name), words))
    return asks | dict(needs)


def _listed(known: frozenset, inside: tuple) -> str:
    return ", ".join(sorted(known if inside else known | set(OWN)))


def _words(here, name: str, given: Mapping, flaws: list[Flaw], *, most: int) -> tuple[str, ...]:
    value = given.get(name) or []
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        flaws.append(Flaw((*here, name), f"Give {name} as a list of words."))
        return ()
    if len(value) > most:
        flaws.append(Flaw((*here, name), f"Give {most} or fewer."))
        return ()
    return tuple(dict.fromkeys(value))


def _paths(here, name: str, given: Mapping, flaws: list[Flaw]) -> tuple[str, ...]:
    """Paths inside the pipeline's folder: none leads out of it or holds a separator of lists."""
    found = _words(here, name, given, flaws, most=MOST_PATHS)
    for path in found:
        parts = PurePosixPath(path).parts
        away = not parts or parts[0] == "/" or ".." in parts
        if away or len(path) > 200 or any(mark in path for mark in ":\n\0"):
            words = f"{path[:60]!r} is no path inside the pipeline's folder."
            flaws.append(Flaw((*here, name), words))
    return found


def _check_slugs(steps: list, flaws: list[Flaw]) -> None:
    first: dict[str, int] = {}
    for number, given in enumerate(steps):
        slug = given.get("slug") if isinstance(given, Mapping) else None
        if not isinstance(slug, str):
            continue
        if slug in first:
            words = f"Step {first[slug] + 1} is called {slug!r} already. Choose another slug."
            flaws.append(Flaw(("steps", number, "slug"), words))
        first.setdefault(slug, number)


def _check_after(steps: list[Planned], flaws: list[Flaw]) -> None:
    slugs = {step.slug for step in steps}
    for number, step in enumerate(steps):
        for needed in step.after:
            if needed not in slugs:
                words = f"There is no step {needed!r}. There are {', '.join(sorted(slugs))}."
                flaws.append(Flaw(("steps", number, "after"), words))
    if flaws:
        return
    try:
        TopologicalSorter({step.slug: step.after for step in steps}).prepare()
    except CycleError as cycle:
        around = list(reversed(cycle.args[1]))
        number = next(n for n, step in enumerate(steps) if step.slug == around[0])
        words = f"Steps wait for each other in a circle: {' → '.join(around)}."
        flaws.append(Flaw(("steps", number, "after"), words))


def _in_order(steps: list[Planned]) -> list[Planned]:
    """Those that are needed first; otherwise as they were written."""
    left, done, order = list(steps), set(), []
    while left:
        ready = next(step for step in left if done.issuperset(step.after))
        left.remove(ready)
        done.add(ready.slug)
        order.append(ready)
    return order
