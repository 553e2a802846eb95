"""REST: pipelines, and what people wish of them."""

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response

from compute.jobs import plan_serializers as shapes
from compute.jobs import services
from compute.jobs.definitions import Flawed
from compute.jobs.lifecycle import PipelineStatus
from compute.jobs.models import Pipeline
from compute.jobs.serializers import CancelSerializer
from portal.api.base import ReadOnly


class PipelineFilter(filters.FilterSet):
    status = filters.MultipleChoiceFilter(choices=PipelineStatus)
    tenant = filters.CharFilter(field_name="tenant__slug")
    person = filters.CharFilter(field_name="person__username")

    class Meta:
        model = Pipeline
        fields: list[str] = []


class Pipelines(ReadOnly):
    """Pipelines of my tenants; all of them for the platform roles. Newest first."""

    queryset = Pipeline.objects.to_show()
    serializer_class = shapes.PipelineSerializer
    filterset_class = PipelineFilter
    ordering_fields = ["created_at", "ended_at", "name"]

    @extend_schema(responses=shapes.PipelineDetailSerializer)
    def retrieve(self, request, *args, **kwargs):
        return Response(self._detail(self.get_object()))

    @extend_schema(
        request=shapes.NewPipelineSerializer, responses={201: shapes.PipelineDetailSerializer}
    )
    def create(self, request):
        """Start a pipeline: each step runs as a job as soon as those it needs have succeeded."""
        given = self._read(shapes.NewPipelineSerializer)
        try:
            made = services.start_pipeline(
                given["tenant"], by=request.user, name=given["name"], steps=given.get("steps")
            )
        except Flawed as flawed:
            told: dict[str, list[str]] = {}
            for flaw in flawed.flaws:
                told.setdefault(flaw.field, []).append(flaw.words)
            raise serializers.ValidationError(told) from None
        return Response(self._detail(made), status=status.HTTP_201_CREATED)

    @extend_schema(request=CancelSerializer, responses={202: shapes.PipelineDetailSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request, pk=None):
        """Start no more steps, and cancel those that run."""
        note = self._read(CancelSerializer)["reason"]
        pipeline = services.cancel_pipeline(self.get_object(), by=request.user, note=note)
        return Response(self._detail(pipeline), status=status.HTTP_202_ACCEPTED)

    @extend_schema(
        request=shapes.RestartSerializer, responses={202: shapes.PipelineDetailSerializer}
    )
    @action(detail=True, methods=["post"])
    def restart(self, request, pk=None):
        """Go on from what failed, or from a step; other steps that succeeded are kept."""
        given = self._read(shapes.RestartSerializer)
        pipeline = services.restart_pipeline(self.get_object(), by=request.user, **given)
        return Response(self._detail(pipeline), status=status.HTTP_202_ACCEPTED)

    def _detail(self, pipeline: Pipeline) -> dict:
        fresh = self.get_queryset().prefetch_related("steps__job").get(pk=pipeline.pk)
        context = self.get_serializer_context()
        return shapes.PipelineDetailSerializer(fresh, context=context).data

    def _read(self, shape) -> dict:
        body = shape(data=self.request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)
