"""HTTP as ASGI gives it: reading a bounded request, writing one answer."""

import asyncio
from dataclasses import dataclass, field

from compute.gateway.refusals import Refusal

JSON = "application/json"
LOOPBACK = {"127.0.0.1", "::1"}
TAKEN = {"", JSON, "application/octet-stream"}  # inference clients name their JSON either way


@dataclass
class Request:
    """One HTTP request. Header names are lower-case; a name given twice counts once."""

    scope: dict = field(repr=False)
    receive: object = field(repr=False)

    def __post_init__(self) -> None:
        self.method: str = self.scope["method"]
        self.path: str = self.scope["path"]
        self.headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in self.scope["headers"]}

    @property
    def peer(self) -> str:
        """Who opened the connection."""
        return (self.scope.get("client") or ("",))[0]

    @property
    def address(self) -> str:
        """Who asks: the peer, or whom the portal on this machine hands on."""
        named = self.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        return named[:45] if named and self.peer in LOOPBACK else self.peer

    def check(self, limit: int) -> None:
        """Refuse by its head a body that is too large or of another kind than JSON."""
        length = self.headers.get("content-length", "0")
        if length.isdigit() and int(length) > limit:
            raise _too_large(limit)
        kind = self.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind not in TAKEN or self.headers.get("content-encoding", "identity") != "identity":
            raise Refusal(415, f"Send plain JSON as Content-Type: {JSON}.")
        if "inference-header-content-length" in self.headers:
            raise Refusal(400, "Binary tensors are not read here. Send the data as JSON.")

    async def body(self, limit: int, patience: float) -> bytes:
        """The whole body, of at most `limit` bytes, within `patience` seconds."""
        parts, size = [], 0
        try:
            async with asyncio.timeout(patience):
                while True:
                    message = await self.receive()
                    if message["type"] == "http.disconnect":
                        raise Refusal(400, "The connection was closed before the body was sent.")
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > limit:
                        raise _too_large(limit)
                    if not message.get("more_body"):
                        return b"".join(parts)
        except TimeoutError:
            raise Refusal(408, f"The body did not arrive within {patience:.0f} s.") from None


@dataclass(frozen=True)
class Reply:
    """One HTTP answer."""

    status: int
    body: bytes = field(repr=False)
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    content_type: str = JSON

    async def send(self, send, also: list[tuple[bytes, bytes]]) -> None:
        """Write it out, with the headers that every answer has."""
        headers = [
            (b"content-type", self.content_type.encode("latin-1", "replace")),
            (b"content-length", str(len(self.body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            *self.headers,
            *also,
        ]
        start = {"type": "http.response.start", "status": self.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": self.body})


def _too_large(limit: int) -> Refusal:
    return Refusal(413, f"The body is larger than {limit} bytes. Send fewer rows at a time.")
