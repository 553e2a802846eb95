"""How busy hardware is: a port, and Prometheus behind it with the figures of DCGM and cAdvisor."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from marketplace.engines.base import EngineRefused, EngineUnavailable
from marketplace.engines.http_client import HttpClient

__all__ = ["EngineRefused", "EngineUnavailable", "Measures", "PrometheusMeasures", "Use"]

# Pods of ours are named after their attempts: `j-`, 32 hex digits, the number of the attempt.
PODS = "j-[0-9a-f]{32}-.+"
OURS = re.compile(PODS)
MB_PER_GB = 1024
LIMIT = 32 * 1024 * 1024


@dataclass(frozen=True)
class Use:
    """What one pod uses now; None where nobody measures it. `gpu` is the mean over its GPUs, from
    0 to 1; memory in GB (2^30 bytes) of all its GPUs, or of its programs; `cpu` in cores."""

    gpu: float | None = None
    gpu_memory_gb: float | None = None
    cpu: float | None = None
    memory_gb: float | None = None


class Measures(Protocol):
    """The port. Raises `EngineUnavailable` (ask again) or `EngineRefused`, nothing else."""

    def now(self) -> dict[str, Use]:
        """What every pod of ours uses, by the name of the pod."""


@dataclass(frozen=True)
class Question:
    """A query of PromQL, the figure of `Use` that it answers, and what divides its values."""

    figure: str
    query: str
    divisor: float = 1.0


def _by_pod(function: str, metric: str) -> str:
    """Where Prometheus keeps its own `pod` label, that of DCGM is `exported_pod`: ask for both."""
    own = f'{function} by (pod) ({metric}{{pod=~"{PODS}"}})'
    kept = f'{function} by (exported_pod) ({metric}{{exported_pod=~"{PODS}"}})'
    return f'{own} or label_replace({kept}, "pod", "$1", "exported_pod", "(.+)")'


CONTAINERS = f'pod=~"{PODS}",container!="",container!="POD"'
QUESTIONS = (
    Question("gpu", _by_pod("avg", "DCGM_FI_DEV_GPU_UTIL"), 100),
    Question("gpu_memory_gb", _by_pod("sum", "DCGM_FI_DEV_FB_USED"), MB_PER_GB),
    Question("cpu", f"sum by (pod) (rate(container_cpu_usage_seconds_total{{{CONTAINERS}}}[1m]))"),
    Question(
        "memory_gb",
        f"sum by (pod) (container_memory_working_set_bytes{{{CONTAINERS}}})",
        2**30,
    ),
)


class PrometheusMeasures:
    """A `Measures` of any server that answers Prometheus's HTTP API v1 `query`."""

    def __init__(self, base_url: str, token: str = "", *, timeout: float = 5.0) -> None:
        self._client = HttpClient(base_url, token=token, timeout=timeout)

    def now(self) -> dict[str, Use]:
        """One question for each figure; a figure that nobody exports is None."""
        found: dict[str, Use] = {}
        for question in QUESTIONS:
            for pod, value in self._ask(question.query):
                known = found.get(pod, Use())
                found[pod] = replace(known, **{question.figure: value / question.divisor})
        return found

    def _ask(self, query: str) -> list[tuple[str, float]]:
        answer = self._client.send("GET", "/api/v1/query", query=[("query", query)], limit=LIMIT)
        body = answer.json()
        if answer.status != 200:
            raise EngineRefused(f"Prometheus refused a question: {_error(body)}")
        return list(_values(body))


def _error(body) -> str:
    said = body.get("error", "") if isinstance(body, dict) else ""
    return str(said)[:200] or "it does not say why."


def _values(body):
    try:
        rows = body["data"]["result"]
        for row in rows:
            pod, value = row["metric"]["pod"], float(row["value"][1])
            if OURS.fullmatch(pod) and math.isfinite(value):
                yield pod, value
    except (KeyError, IndexError, TypeError, ValueError) as wrong:
        raise EngineUnavailable("The answer is not one of Prometheus.") from wrong


def measures_of(base_url: str, make: Callable[[str], Measures] = PrometheusMeasures):
    """The measures at an address; None where there is no address: nothing is measured."""
    return make(base_url) if base_url else None
