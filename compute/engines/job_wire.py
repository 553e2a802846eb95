"""Orders and sightings of jobs as the job host and its client write them to each other."""

from dataclasses import asdict, fields
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from compute.engines.fleet import FleetOrder, Holding, NodeSighting
from compute.engines.jobs import (
    EndCause,
    EngineRefused,
    Eviction,
    JobOrder,
    JobPhase,
    JobSighting,
    LogMark,
    LogPiece,
    PodSighting,
    WaitCause,
)

LONGEST_TEXT = 64 * 1024
TYPES: dict[str, type] = {
    "command": list,
    "flavours": list,
    "memory_mb": int,
    "nodes": int,
    "time_limit_s": int,
    "together": bool,
    "variables": dict,
}
NEEDED = {"uid", "tenant", "image", "command", "flavours"}


def order_from(name: str, content: Any) -> JobOrder:
    """An order out of JSON. EngineRefused says what is wrong with it."""
    known = {one.name for one in fields(JobOrder)}
    if not isinstance(content, dict) or set(content) - known:
        raise EngineRefused(f"An order is an object with {', '.join(sorted(known))}.")
    if content.setdefault("name", name) != name:
        raise EngineRefused("The order's name differs from the address.")
    if missing := sorted(NEEDED - set(content)):
        raise EngineRefused(f"An order needs {', '.join(missing)}.")
    for key, value in content.items():
        wanted = TYPES.get(key, str)
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            raise EngineRefused(f"{key} has the wrong type.")
    texts = [*content["command"], *content["flavours"], *content.get("variables", {}).values()]
    if not all(isinstance(text, str) and len(text) <= LONGEST_TEXT for text in texts):
        raise EngineRefused("Commands, flavours and variables are texts of at most 64 KB.")
    return JobOrder(**content | _converted(content))


def _converted(content: dict[str, Any]) -> dict[str, Any]:
    numbers = {key: _decimal(key, content[key]) for key in ("gpus", "cpu") if key in content}
    return numbers | {key: tuple(content[key]) for key in ("command", "flavours")}


def _decimal(key: str, text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise EngineRefused(f"{key} is not a number.") from None


def sighting_as_dict(seen: JobSighting) -> dict[str, Any]:
    """A sighting as JSON would hold it."""
    return _plain(asdict(seen))


def sighting_from(content: dict[str, Any]) -> JobSighting:
    """The same back. KeyError, TypeError or ValueError when it is something else."""
    told = dict(content)
    told["pods"] = tuple(_pod(one) for one in told["pods"])
    told["evictions"] = tuple(Eviction(**_timed(one, "at")) for one in told["evictions"])
    told["phase"] = JobPhase(told["phase"])
    told["wait"] = WaitCause(told["wait"]) if told["wait"] else None
    told["end"] = EndCause(told["end"]) if told["end"] else None
    return JobSighting(**_timed(told, "admitted_at", "started_at", "ended_at"))


def _pod(content: dict[str, Any]) -> PodSighting:
    end = EndCause(content["end"]) if content["end"] else None
    return PodSighting(**_timed(content, "started_at", "ended_at") | {"end": end})


def node_as_dict(node: NodeSighting) -> dict[str, Any]:
    """A machine as JSON would hold it."""
    return _plain(asdict(node))


def node_from(content: dict[str, Any]) -> NodeSighting:
    """The same back."""
    held = tuple(Holding(**one | {"gpus": Decimal(one["gpus"])}) for one in content["holdings"])
    return NodeSighting(**content | {"cpu": Decimal(content["cpu"]), "holdings": held})


def shares_of(order: FleetOrder) -> dict[str, Any]:
    """What one machine can take of an order of how to share."""
    products = {flavour.name: flavour.product for flavour in order.flavours}
    return {
        "weights": {queue.tenant: str(queue.weight) for queue in order.queues},
        "guaranteed": _guaranteed(order, products),
        "priorities": dict(order.priorities),
        "flavours": products,
    }


def _guaranteed(order: FleetOrder, products: dict[str, str]) -> dict[str, dict[str, str]]:
    """By tenant what it is guaranteed: GPUs, or cores of hardware without any."""
    found: dict[str, dict[str, Decimal]] = {}
    for queue in order.queues:
        for quota in queue.quotas:
            if quota.guaranteed:
                unit = "gpus" if products.get(quota.flavour) else "cpu"
                sums = found.setdefault(queue.tenant, {})
                sums[unit] = sums.get(unit, Decimal(0)) + quota.guaranteed
    return {
        tenant: {unit: f"{amount.normalize():f}" for unit, amount in sums.items()}
        for tenant, sums in found.items()
    }


def piece_from(content: list) -> LogPiece:
    """`[place, at, stream, redraw, text]` as a piece of a log."""
    place, at, stream, redraw, text = content
    return LogPiece(datetime.fromisoformat(at), text, LogMark(str(place)), stream, redraw)


def _timed(content: dict[str, Any], *names: str) -> dict[str, Any]:
    return content | {
        name: datetime.fromisoformat(content[name]) if content[name] else None for name in names
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
