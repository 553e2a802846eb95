"""Orders of shell and Python for tests of the job host, and what became of them."""

import json
from pathlib import Path

from compute.engines.jobs import JobPhase, JobSighting, LogMark
from tests.engines.job_benches import new_order, until

ENDED = {JobPhase.SUCCEEDED, JobPhase.FAILED, JobPhase.STOPPED}


def sh(script: str, **changes):
    """An order that runs a shell script."""
    return new_order(**{"command": ("sh", "-c", script), **changes})


def python(code: str, **changes):
    """An order that runs Python with all that the portal has installed."""
    return new_order(**{"command": ("python", "-c", code), "memory_mb": 512, **changes})


def started(host, order):
    host.engine.start(order)
    return order


def seen_in(host, name: str, *phases: JobPhase) -> JobSighting:
    def look():
        seen = host.engine.look(name)
        assert seen.phase in phases or seen.phase not in ENDED, seen
        return seen if seen.phase in phases else None

    return until(look, f"{name} to be {phases}")


def done(host, order) -> JobSighting:
    host.engine.start(order)
    return seen_in(host, order.name, *ENDED)


def text_of(host, seen: JobSighting, index: int = 0) -> list[str]:
    pod = [one for one in seen.pods if one.index == index][-1].uid
    following = host.engine.follow(seen.name, pod, LogMark(), lambda: False)
    return [piece.text for pieces in following for piece in pieces]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def keeper_of(host, seen: JobSighting) -> int:
    claim = host.attempts / seen.name / seen.pods[0].uid / "claim.json"
    return json.loads(claim.read_text())["pid"]


def ready_to_save(host, name: str) -> bool:
    pod = host.engine.look(name).pods[0].uid
    return (host.attempts / name / pod / "log").stat().st_size > 0
