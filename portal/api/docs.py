"""The description of the REST API: as JSON for programs, and as a page for people."""

from functools import cache

from django.views.generic import TemplateView
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.response import Response


class Document(SpectacularJSONAPIView):
    """The OpenAPI document. Open to everybody, so it is made once and not for each who asks."""

    @extend_schema(exclude=True)
    def get(self, request, *args, **kwargs):
        return Response(document())


class Docs(TemplateView):
    """Open like the description itself: it tells what there is, not who has what."""

    template_name = "portal/api/docs.html"


@cache
def document() -> dict:
    """The description of every address; making it takes seconds."""
    return SchemaGenerator().get_schema(request=None, public=True)
