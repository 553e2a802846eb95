"""What a job may ask for: every value checked, with words that say what to change."""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from compute.engines.jobs import MOST_NODES, MOST_SECONDS
from compute.jobs import commands, limits, variables
from compute.jobs.lifecycle import Priority
from marketplace.catalog.models import DataClass
from portal.core.errors import Refused
from tenants.directory.models import Region

BOUND = frozenset({DataClass.CONFIDENTIAL, DataClass.RESTRICTED})
MOST_DATASETS = 50
IMAGE = re.compile(r"[a-z0-9]([a-z0-9._/:@-]{0,253}[a-zA-Z0-9])?")
PATH = re.compile(r"[A-Za-z0-9._/:@=+-]+")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def checked(asks: dict) -> dict:
    """`asks` by name of field as values for the row; None and what is left out is the default.

    Raises `Refused` for the first field at fault.
    """
    for name in asks:
        if name not in CHECKS:
            raise Refused(f"A job has no {name}.", field=name)
    facts = {name: CHECKS[name](name, value) for name, value in asks.items() if value is not None}
    _together(facts)
    return facts


def _together(facts: dict) -> None:
    gpus, nodes = facts.get("gpus", Decimal(0)), facts.get("nodes", 1)
    if gpus % 1 and (gpus > 1 or nodes > 1):
        words = "Ask for whole GPUs, or for a part of one GPU on one node."
        raise Refused(words, field="gpus")
    if facts.get("gpu_memory_gb") and not gpus:
        raise Refused("GPU memory needs a GPU: ask for one, or for no memory.", field="gpus")


def _between(least, most, places: int, unit: str) -> Callable:
    """A check for numbers from `least` to `most` with at most `places` decimals."""

    def check(name: str, value):
        words = f"Choose {unit} from {least:,} to {most:,}."
        try:
            number = Decimal(str(value).strip())
        except InvalidOperation:
            raise Refused(words, field=name) from None
        if isinstance(value, bool) or not number.is_finite() or not least <= number <= most:
            raise Refused(words, field=name)
        if number != round(number, places):
            some = f"{places} decimals or fewer" if places else "a whole number"
            raise Refused(f"Use {some}.", field=name)
        return round(number, places) if places else int(number)

    return check


def _text(most: int, *, empty: bool = True, shape: re.Pattern | None = None) -> Callable:
    """A check for a line of text with at most `most` characters."""

    def check(name: str, value) -> str:
        if not isinstance(value, str):
            raise Refused("Give this as text.", field=name)
        line = value.strip()
        if not line and not empty:
            raise Refused("Fill this in.", field=name)
        if len(line) > most:
            raise Refused(f"Use {most} characters or fewer.", field=name)
        if CONTROL.search(line):
            raise Refused("Use one line of plain text.", field=name)
        if line and shape and not shape.fullmatch(line):
            raise Refused("This holds characters that cannot be used here.", field=name)
        return line

    return check


def _choice(choices) -> Callable:
    def check(name: str, value) -> str:
        if value not in choices.values:
            raise Refused(f"Choose one of {', '.join(choices.values)}.", field=name)
        return str(value)

    return check


def _flag(name: str, value) -> bool:
    if not isinstance(value, bool):
        raise Refused("Say true or false.", field=name)
    return value


def _command(name: str, value) -> list[str]:
    """Arguments as a program gets them; text is read as every face reads it."""
    if not isinstance(value, str | list | tuple):
        raise Refused("Write the command as one line, or as a list of words.", field=name)
    try:
        if isinstance(value, str):
            return commands.read_command(value)
        return commands.check(list(value))
    except ValueError as wrong:
        raise Refused(str(wrong), field=name) from None


def _variables(name: str, value) -> dict[str, str]:
    try:
        variables.check(value)
    except ValueError as wrong:
        raise Refused(str(wrong), field=name) from None
    return dict(value)


def _datasets(name: str, value) -> list[str]:
    line = _text(200, empty=False)
    if not isinstance(value, list | tuple) or len(value) > MOST_DATASETS:
        raise Refused(f"Name at most {MOST_DATASETS} data sets.", field=name)
    return list(dict.fromkeys(line(name, one) for one in value))


def _region(name: str, value) -> str:
    return _choice(Region)(name, value) if value else ""


def _checkpoint(name: str, value) -> str:
    path = _text(300, shape=PATH)(name, value)
    if path.startswith("/"):
        words = "Use a name without / in front, such as models/digits. The program finds it"
        raise Refused(f"{words} in MILLWRIGHT_CHECKPOINT.", field=name)
    if ".." in path.split("/"):
        raise Refused("Name a folder without '..' in its path.", field=name)
    return path


CHECKS: dict[str, Callable] = {
    "name": _text(80, empty=False),
    "image": _text(255, shape=IMAGE),
    "command": _command,
    "variables": _variables,
    "gpus": _between(0, limits.MOST_GPUS, 2, "GPUs for each node"),
    "gpu_memory_gb": _between(0, limits.MOST_GPU_MEMORY_GB, 0, "GB of GPU memory"),
    "cpu": _between(limits.LEAST_CPU, limits.MOST_CPU, 2, "cores"),
    "memory_gb": _between(limits.LEAST_MEMORY_GB, limits.MOST_MEMORY_GB, 2, "GB of memory"),
    "nodes": _between(1, MOST_NODES, 0, "nodes"),
    "together": _flag,
    "datasets": _datasets,
    "data_class": _choice(DataClass),
    "region": _region,
    "time_limit_s": _between(1, MOST_SECONDS, 0, "seconds"),
    "priority": _choice(Priority),
    "retries": _between(0, limits.MOST_RETRIES, 0, "retries"),
    "checkpoint": _checkpoint,
    "notify": _flag,
}
ASKS = tuple(CHECKS)
