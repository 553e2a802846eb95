"""How the OpenAPI document describes our views."""

from drf_spectacular.openapi import AutoSchema


class Schema(AutoSchema):
    """Operations are grouped by their resource; every one may answer with a problem."""

    def get_tags(self) -> list[str]:
        return self._tokenize_path()[:1]
