"""Which address means what: protocol, verb and the model that is named."""

import re
from dataclasses import dataclass

from compute.gateway.protocols import MLFLOW, OPENAI, V2, Protocol

NAMED = re.compile(r"([-a-zA-Z0-9_]{1,80})(?:@([^/@\x00-\x1f\x7f]{1,250}))?")
V2_MODEL = re.compile(r"/v2/models/([^/]+)(?:/versions/([^/]+))?(?:/(ready|infer))?/?")
SERVE = re.compile(r"/serve/([^/]+)/(invocations|ping|health|version)/?")
FIXED = {
    "/healthz": "alive",
    "/readyz": "database",
    "/metrics": "figures",
    "/v2": "server",
    "/v2/health/live": "live",
    "/v2/health/ready": "database",
}


@dataclass(frozen=True)
class Wanted:
    """A model as a caller names it: `slug`, `slug@3` or `slug@champion`. Empty: cannot exist."""

    slug: str = ""
    version: int | None = None
    alias: str | None = None

    @property
    def pinned(self) -> bool:
        return self.version is not None or self.alias is not None

    def __str__(self) -> str:
        wish = self.version if self.version is not None else self.alias
        return f"{self.slug}@{wish}" if self.pinned else self.slug


@dataclass(frozen=True)
class Route:
    """What an address asks for: predict, describe, ready, ping, version, or a fixed verb."""

    protocol: Protocol
    verb: str
    model: Wanted = Wanted()

    @property
    def method(self) -> str:
        return "POST" if self.verb == "predict" else "GET"


def find(path: str) -> Route | None:
    """The route of a decoded path; None where the gateway has nothing."""
    plain = path.rstrip("/") or "/"
    if plain in FIXED:
        return Route(V2, FIXED[plain])
    if found := V2_MODEL.fullmatch(path):
        name, number, verb = found.groups()
        verbs = {None: "describe", "infer": "predict", "ready": "ready"}
        return Route(V2, verbs[verb], read_name(name, number))
    if found := SERVE.fullmatch(path):
        verb = {"invocations": "predict", "health": "ping"}.get(found[2], found[2])
        return Route(MLFLOW, verb, read_name(found[1]))
    if plain == "/v1" or plain.startswith("/v1/"):
        return Route(OPENAI, "absent")
    return None


def protocol_of(path: str) -> Protocol:
    """In whose shape an error for `path` is written."""
    if path.startswith("/serve"):
        return MLFLOW
    return OPENAI if path.startswith("/v1") else V2


def read_name(text: str, number: str | None = None) -> Wanted:
    """A model's name, with a version where the address has one of its own."""
    found = NAMED.fullmatch(text)
    if not found or (found[2] and number):
        return Wanted()
    wish = number or found[2]
    if wish is None:
        return Wanted(found[1])
    if wish.isascii() and wish.isdigit():
        return Wanted(found[1], version=int(wish)) if len(wish) < 10 else Wanted()
    return Wanted(found[1], alias=wish) if "\x00" not in wish else Wanted()
