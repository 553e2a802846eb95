"""The local serving engine: a client of the model host's control interface."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

from compute.engines.base import (
    EngineRefused,
    EngineUnavailable,
    Runtime,
    ServingOrder,
    ServingPhase,
    ServingSighting,
)
from marketplace.engines.http_client import Answer, HttpClient


class LocalServing:
    """A `ServingEngine` on the model host (`python -m compute.engines.model_host`)."""

    def __init__(self, base_url: str, token: str, *, timeout: float = 5.0) -> None:
        """`base_url` and `token` are the host's MODEL_HOST_URL and MODEL_HOST_TOKEN."""
        self._http = HttpClient(base_url, token=token, timeout=timeout)

    def ready(self) -> bool:
        """Whether the model host answers."""
        try:
            return self._http.send("GET", "/healthz").status == 200
        except (EngineUnavailable, EngineRefused):
            return False

    def look(self, name: str) -> ServingSighting:
        """One serving."""
        answer = self._http.send("GET", _path(name))
        if answer.status == 404:
            return ServingSighting(name, ServingPhase.STOPPED, reason="Nobody ordered it.")
        return _sighting(_said(answer))

    def start(self, order: ServingOrder) -> ServingSighting:
        """Order one."""
        answer = self._http.send("PUT", _path(order.name), json_body=order.as_dict())
        return _sighting(_said(answer))

    def stop(self, name: str) -> None:
        """Stop one."""
        answer = self._http.send("DELETE", _path(name))
        if answer.status != 404:
            _said(answer)

    def list(self) -> tuple[ServingSighting, ...]:
        """All of them."""
        content = _said(self._http.send("GET", "/servings"))
        return tuple(_sighting(item) for item in content["servings"])

    def runtime(self) -> Runtime:
        """As the host found it in the interpreter that it starts workers with."""
        content = _said(self._http.send("GET", "/runtime"))
        try:
            packages = {str(name): str(value) for name, value in content["packages"].items()}
            return Runtime(str(content["python"]), packages)
        except (KeyError, TypeError, AttributeError) as wrong:
            raise EngineUnavailable("The model host did not say what it runs.") from wrong


def sighting_as_dict(seen: ServingSighting) -> dict[str, Any]:
    """A sighting as the control interface writes it."""
    return {
        "name": seen.name,
        "phase": seen.phase.value,
        "address": seen.address,
        "reason": seen.reason,
        "started_at": seen.started_at.isoformat() if seen.started_at else None,
        "restarts": seen.restarts,
        "ready_replicas": seen.ready_replicas,
        "order": seen.order.as_dict() if seen.order else None,
        "secret": seen.secret,
    }


def _path(name: str) -> str:
    return f"/servings/{quote(name, safe='')}"


def _said(answer: Answer) -> Any:
    if answer.status >= 500:
        raise EngineUnavailable(f"The model host answered {answer.status}.")
    content = answer.json()
    if answer.status in {200, 201, 202}:
        return content
    message = content.get("error") if isinstance(content, dict) else None
    raise EngineRefused(str(message or f"The model host answered {answer.status}."))


def _sighting(content: dict[str, Any]) -> ServingSighting:
    try:
        started, order = content["started_at"], content["order"]
        return ServingSighting(
            name=content["name"],
            phase=ServingPhase(content["phase"]),
            address=content["address"],
            reason=content["reason"],
            started_at=datetime.fromisoformat(started) if started else None,
            restarts=content["restarts"],
            ready_replicas=content["ready_replicas"],
            order=ServingOrder(**order) if order else None,
            secret=content["secret"],
        )
    except (KeyError, TypeError, ValueError) as wrong:
        raise EngineUnavailable("The model host sent something else than a sighting.") from wrong
