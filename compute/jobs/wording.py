"""How jobs read: what they need in words, and lengths of time as people write them."""

import re
from decimal import Decimal
from types import SimpleNamespace

from compute.engines.jobs import MOST_SECONDS, EndCause, WaitCause

UNITS = {
    "s": 1, "sec": 1, "second": 1, "min": 60, "m": 60, "minute": 60,
    "h": 3600, "hr": 3600, "hour": 3600, "d": 86_400, "day": 86_400, "w": 604_800, "week": 604_800,
}  # fmt: skip
PIECE = re.compile(r"\s*(\d+(?:[.,]\d+)?)\s*([a-z]+)\s*(?:and|,)?", re.IGNORECASE)
CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?")
HOW = "Write a number with its unit, such as 6 h, 90 min or 1 h 30 min."
WRONG = frozenset(cause.value for cause in WaitCause if cause.wrong)
STAYS = "As it is, it waits for ever."
AGAIN = "Run it again"
ADVICE = {
    WaitCause.TOO_LARGE: f"{STAYS} Ask for less, or have an operator raise your team's quota.",
    WaitCause.NO_HARDWARE: f"{STAYS} Ask for less GPU memory, or for another region if the data "
    "may go there.",
    WaitCause.HELD: "It keeps its place and goes on by itself when an operator opens the queue.",
    WaitCause.IMAGE: "Look for a slip in its name, and whether the cluster may fetch it.",
    WaitCause.SILENT: "Nothing is lost. It is looked at again every few seconds.",
    EndCause.EXIT: "The last lines of the log say why.",
    EndCause.MEMORY: f"{AGAIN} with more memory.",
    EndCause.TIME_LIMIT: f"{AGAIN} with a longer limit, or let it go on from a checkpoint.",
    EndCause.NODE_LOST: f"{AGAIN}, and allow it to be tried again: only what runs is paid.",
    EndCause.GONE: f"{AGAIN} if it is still wanted.",
    EndCause.REFUSED: "It cannot run as it was asked for.",
}


def read_span(text: str) -> int:
    """Seconds of a length of time: "6 h", "90 min", "1 h 30 min", "1:30:00", "2 days".

    Raises ValueError, with words about what to write, for anything else.
    """
    plain = text.strip()
    if found := CLOCK.fullmatch(plain):
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return _within(Decimal(hours * 3600 + minutes * 60 + seconds))
    total, place = Decimal(0), 0
    while found := PIECE.match(plain, place):
        amount, unit = found[1].replace(",", "."), found[2].lower()
        size = UNITS.get(unit) or UNITS.get(unit.removesuffix("s"))
        if size is None:
            raise ValueError(f"{found[2]} is no unit of time here. {HOW}")
        total, place = total + Decimal(amount) * size, found.end()
    if not place or plain[place:].strip():
        raise ValueError(HOW)
    return _within(total)


def _within(seconds: Decimal) -> int:
    if not 1 <= seconds <= MOST_SECONDS:
        raise ValueError("Choose a time from 1 second to 30 days.")
    return int(seconds)


def span_in_words(seconds: int | float | None) -> str:
    """A length of time exactly, in its two largest units: 5400 -> "1 h 30 min"."""
    if seconds is None:
        return "–"
    left, said = max(0, round(seconds)), []
    for size, unit in ((86_400, "day"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            said.append(f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}")
        if len(said) == 2 or (said and not left):
            break
    return " ".join(said) or "0 s"


def span_to_edit(seconds: int) -> str:
    """A length of time that `read_span` reads back to the second."""
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    parts = ((hours, "h"), (minutes, "min"), (left, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def plain(value) -> str:
    """A decimal without zeros behind: 2.00 -> "2", 0.50 -> "0.5"."""
    text = f"{Decimal(value):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def needs_in_words(asks, flavour=None) -> str:
    """What a job needs, in a few words; `asks` has its fields, `flavour` is what it got.

    "4 × H100 80 GB, 2 nodes", "2 GPUs with 40 GB or more", "half a GPU", "8 cores, 32 GB".
    """
    words = _hardware(asks, flavour if flavour is not None and flavour.has_gpus else None)
    if asks.nodes > 1:
        words += f", {asks.nodes} nodes"
    return words


def needs_of_template(asks: dict) -> str:
    """What a job from these values would need; what they leave out is as usual."""
    usual = {"gpus": 0, "gpu_memory_gb": 0, "cpu": 1, "memory_gb": 1, "nodes": 1}
    return needs_in_words(SimpleNamespace(**usual | {n: asks[n] for n in usual if n in asks}))


def _hardware(asks, flavour) -> str:
    gpus = Decimal(asks.gpus)
    if not gpus:
        cores = plain(asks.cpu)
        return f"{cores} core{'' if cores == '1' else 's'}, {plain(asks.memory_gb)} GB"
    if flavour:
        return f"{_portion(gpus)} × {flavour.name}" if gpus >= 1 else _part(gpus, flavour.name)
    least = f" with {asks.gpu_memory_gb} GB or more" if asks.gpu_memory_gb else ""
    if gpus < 1:
        return _part(gpus, "GPU") + least
    return f"{_portion(gpus)} GPU{'' if gpus == 1 else 's'}{least}"


def _portion(gpus: Decimal) -> str:
    return plain(gpus)


def _part(gpus: Decimal, name: str) -> str:
    """A share of one GPU: "half of a GPU" reads worse than "0.5 of a GPU" beside others."""
    article = "an" if name[:1] in "AEFHILMNORSX" else "a"
    return f"{plain(gpus)} of {article} {name}"


def being_cancelled(count: int) -> str:
    """What is said when so many jobs were asked to end."""
    if not count:
        return "All of these were asked to end before"
    what = "1 job is" if count == 1 else f"{count} jobs are"
    return f"{what} being cancelled"
