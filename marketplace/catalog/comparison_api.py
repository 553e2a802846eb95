"""REST: up to four models or versions side by side."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from marketplace.catalog import known, picks, side_by_side
from portal.api import questions

NAMES = ("a", "b", "c", "d")
UNSEEN = "There is nothing called {} that you may see."
HELP = "A model by slug or id, with `@` and a version number or alias; or a version by its id."


class CellSerializer(serializers.Serializer):
    """`tone` is best, warn, bad or empty; `note` says why."""

    value = serializers.JSONField(allow_null=True)
    tone = serializers.CharField()
    note = serializers.CharField()


class RowSerializer(serializers.Serializer):
    name = serializers.CharField()
    differs = serializers.BooleanField()
    cells = CellSerializer(many=True)


class PartSerializer(serializers.Serializer):
    """`risks` counts requirements that the place of serving does not meet."""

    key = serializers.CharField()
    title = serializers.CharField()
    note = serializers.CharField()
    risks = serializers.IntegerField()
    rows = RowSerializer(many=True)


class ComparedSerializer(serializers.Serializer):
    reference = serializers.CharField()
    model = serializers.CharField(source="model.slug")
    version = serializers.IntegerField(source="version.number", allow_null=True, default=None)


class RuntimeSerializer(serializers.Serializer):
    """What is installed where models are served, as reported from there."""

    python = serializers.CharField()
    seen_at = serializers.DateTimeField()


class ComparisonSerializer(serializers.Serializer):
    """Cells of a row are in the order of `items`. `runtime` is null while it is not known."""

    items = ComparedSerializer(many=True)
    parts = PartSerializer(many=True)
    runtime = RuntimeSerializer(allow_null=True)


def asked_for(name: str, needed: bool) -> OpenApiParameter:
    return OpenApiParameter(name, str, required=needed, description=HELP)


class Comparison(ViewSet):
    """Models side by side."""

    @extend_schema(
        operation_id="models_compare",
        parameters=[asked_for(name, name in "ab") for name in NAMES],
        responses=ComparisonSerializer,
    )
    def list(self, request):
        """Two to four models or versions side by side."""
        return Response(_compared(request, lambda text: text))


class VersionComparison(ViewSet):
    """Versions of one model side by side."""

    @extend_schema(
        operation_id="models_versions_compare",
        parameters=[OpenApiParameter("slug", str, OpenApiParameter.PATH)]
        + [asked_for(name, name in "ab") for name in NAMES],
        responses=ComparisonSerializer,
    )
    def list(self, request, slug=None):
        """Two to four versions of a model side by side, by number or alias."""
        here = picks.find(request.user, slug)
        if here is None or "@" in slug:
            raise NotFound
        return Response(_compared(request, lambda text: f"{here.model.slug}@{text}"))


def _compared(request, reference) -> dict:
    questions.check_names(request, NAMES)
    found, wrong = {}, {}
    for name in NAMES:
        text = request.query_params.get(name, "").strip()
        if not text and name in "ab":
            wrong[name] = ["Name what to compare."]
        elif text:
            pick = picks.find(request.user, reference(text))
            if pick is None:
                wrong[name] = [UNSEEN.format(text[:100])]
            else:
                found[name] = pick
    if wrong:
        raise ValidationError(wrong)
    chosen = list(found.values())
    parts = side_by_side.compare(chosen, request.user)
    told = {"items": chosen, "parts": parts, "runtime": known.runtime()}
    return ComparisonSerializer(told).data
