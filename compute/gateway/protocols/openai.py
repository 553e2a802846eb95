"""How an OpenAI client wants to be told that no model here speaks its protocol."""

from compute.gateway.protocols.base import written


class OpenAi:
    """Errors alone: `/v1/…` is answered so that such clients say what is wrong."""

    name = "openai"

    def error(self, status: int, detail: str) -> bytes:
        """`{"error": {"message", "type", "param", "code"}}`."""
        code = "model_not_found" if status == 404 else None
        kind = "invalid_request_error" if status < 500 else "server_error"
        return written({"error": {"message": detail, "type": kind, "param": None, "code": code}})

    def path(self, serving: str, verb: str) -> str:
        raise NotImplementedError("No model is called over this protocol.")

    def rows(self, body: bytes) -> int:
        return 1

    def renamed(self, body: bytes, name: str) -> bytes:
        return body
