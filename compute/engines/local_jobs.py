"""The local job engine: a client of the job host's control interface."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote

from compute.engines import job_wire
from compute.engines.fleet import Drift, FleetOrder, NodeSighting
from compute.engines.jobs import (
    EngineRefused,
    EngineUnavailable,
    JobOrder,
    JobPhase,
    JobSighting,
    LogMark,
    LogPieces,
)
from marketplace.engines.http_client import Answer, HttpClient

SILENT_AFTER = 5.0  # seconds without a sign of life after which a line counts as broken


class LocalJobs:
    """A `JobEngine` and a `FleetEngine` on the job host (`python -m compute.engines.job_host`).

    One machine is shared by weight, those below their guarantee first. What runs is never taken
    away; how much may be borrowed and is lent is not kept there.
    """

    def __init__(self, base_url: str, token: str, *, timeout: float = 5.0) -> None:
        """`base_url` and `token` are the host's JOB_HOST_URL and JOB_HOST_TOKEN."""
        self._http = HttpClient(base_url, token=token, timeout=timeout)

    def ready(self) -> bool:
        """Whether the job host answers."""
        try:
            return self._http.send("GET", "/healthz").status == 200
        except (EngineUnavailable, EngineRefused):
            return False

    def start(self, order: JobOrder) -> JobSighting:
        """Order one."""
        return _sighting(
            _said(self._http.send("PUT", _path(order.name), json_body=order.as_dict()))
        )

    def look(self, name: str) -> JobSighting:
        """One attempt."""
        answer = self._http.send("GET", _path(name))
        if answer.status == 404:
            return JobSighting(name, JobPhase.ABSENT)
        return _sighting(_said(answer))

    def look_all(self, wanted: Iterable[str]) -> tuple[JobSighting, ...]:
        """One after the other."""
        return tuple(self.look(name) for name in wanted)

    def stop(self, name: str) -> None:
        """Stop one."""
        _fine(self._http.send("POST", f"{_path(name)}/stop"))

    def release(self, name: str, pods: Iterable[str]) -> None:
        """Drop ended pods; their logs stay until all is forgotten."""
        body = {"pods": list(pods)}
        _fine(self._http.send("POST", f"{_path(name)}/release", json_body=body))

    def forget(self, name: str) -> None:
        """Drop an ended attempt and its logs."""
        _fine(self._http.send("DELETE", _path(name)))

    def prioritise(self, name: str, priority: str) -> None:
        """Change its place in the queue."""
        body = {"priority": priority}
        _fine(self._http.send("PUT", f"{_path(name)}/priority", json_body=body))

    def present(self) -> dict[str, str]:
        """All of them."""
        return _said(self._http.send("GET", "/jobs"))["jobs"]

    def watch(self, stopped: Callable[[], bool]) -> Iterator[str]:
        """Names as they move."""
        for line in self._http.lines("/watch", patience=SILENT_AFTER):
            if stopped():
                return
            yield str(_line(line))
        raise EngineUnavailable("The job host ended the line.")

    def follow(
        self, name: str, pod: str, after: LogMark, stopped: Callable[[], bool]
    ) -> Iterator[LogPieces]:
        """The log of one pod behind a mark."""
        path = f"{_path(name)}/pods/{quote(pod, safe='')}/log"
        query = [("after", after.text)] if after.text else []
        for line in self._http.lines(path, query=query, patience=SILENT_AFTER):
            if stopped():
                return
            rows = _line(line)
            if rows is None:
                return
            try:
                yield [job_wire.piece_from(row) for row in rows]
            except (TypeError, ValueError) as wrong:
                raise EngineUnavailable("The job host sent something else than lines.") from wrong
        raise EngineUnavailable("The job host ended the line.")

    def version(self) -> str:
        """What it calls itself."""
        node = self.nodes()[0]
        return f"Job host on {node.name}: {node.cpu:f} cores, {node.memory_mb // 1024} GB"

    def nodes(self) -> tuple[NodeSighting, ...]:
        """This one machine."""
        content = _said(self._http.send("GET", "/nodes"))
        try:
            return tuple(job_wire.node_from(one) for one in content["nodes"])
        except (KeyError, TypeError, ValueError) as wrong:
            raise EngineUnavailable("The job host sent something else than machines.") from wrong

    def drift(self, order: FleetOrder) -> tuple[Drift, ...]:
        """Weights, guarantees, priorities and flavours that are not as ordered."""
        found, wanted = _said(self._http.send("GET", "/fleet")), job_wire.shares_of(order)
        return tuple(
            Drift(f"{part} of this machine", key, _shown(wanted[part], key), _shown(known, key))
            for part in wanted
            for known in [found.get(part, {})]
            for key in sorted(wanted[part].keys() | known.keys())
            if wanted[part].get(key) != known.get(key)
        )

    def apply(self, order: FleetOrder) -> None:
        """Share by these weights and guarantees from now on."""
        _said(self._http.send("PUT", "/fleet", json_body=job_wire.shares_of(order)))


def _path(name: str) -> str:
    return f"/jobs/{quote(name, safe='')}"


def _shown(part: dict, key: str) -> str:
    return str(part.get(key, "nothing"))


def _fine(answer: Answer) -> None:
    """Nothing of that name is as good as done."""
    if answer.status != 404:
        _said(answer)


def _said(answer: Answer) -> Any:
    if answer.status >= 500:
        raise EngineUnavailable(f"The job host answered {answer.status}.")
    content = answer.json()
    if answer.status == 200:
        return content
    message = content.get("error") if isinstance(content, dict) else None
    raise EngineRefused(str(message or f"The job host answered {answer.status}."))


def _line(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError as wrong:
        raise EngineUnavailable("The job host sent something else than JSON.") from wrong


def _sighting(content: dict[str, Any]) -> JobSighting:
    try:
        return job_wire.sighting_from(content)
    except (KeyError, TypeError, ValueError) as wrong:
        raise EngineUnavailable("The job host sent something else than a sighting.") from wrong
