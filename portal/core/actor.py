"""Who acts now and from where: set by each face, read by the trail."""

from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class Scene:
    """One request, task or command. `denials` are written after its transaction is undone."""

    request_id: str = ""
    address: str = ""
    channel: str = "system"
    key: str = ""
    denials: list = field(default_factory=list)


_scene: ContextVar[Scene | None] = ContextVar("scene", default=None)


def scene() -> Scene:
    """The scene in force; a fresh one outside of any face."""
    return _scene.get() or Scene()


def enter(new: Scene):
    """Begin a scene; returns the token for `leave`."""
    return _scene.set(new)


def leave(token) -> None:
    _scene.reset(token)
