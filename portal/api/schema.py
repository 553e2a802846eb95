"""How the OpenAPI document describes our views."""

from drf_spectacular.openapi import AutoSchema

PROBLEM = {
    "description": "Anything else: what is wrong, as RFC 9457 writes it.",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "request_id": {"type": "string"},
                    "errors": {
                        "type": "object",
                        "additionalProperties": {"type": "array", "items": {"type": "string"}},
                    },
                    "existing": {
                        "type": "string",
                        "format": "uri-reference",
                        "description": "On some 409: the address of what is in the way.",
                    },
                },
                "required": ["type", "title", "status", "detail"],
            }
        }
    },
}


class Schema(AutoSchema):
    """Operations are grouped by their resource; every one may answer with a problem."""

    def get_tags(self) -> list[str]:
        return self._tokenize_path()[:1]

    def _get_response_bodies(self, direction="response") -> dict:
        return super()._get_response_bodies(direction) | {"default": PROBLEM}
