"""REST: feedback on a model, and problem reports with their verbs."""

from uuid import UUID

from django.http import Http404
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.response import Response

from marketplace.catalog.models import AIModel
from marketplace.feedback import reading, services
from marketplace.feedback import serializers as shapes
from marketplace.feedback.lifecycle import Kind, ReportStatus
from marketplace.feedback.models import Report
from portal.api import questions
from portal.api.base import Resource, slug_or_id
from portal.core.errors import Refused

KIND = OpenApiParameter("kind", str, enum=Kind.values, description="Only these.")


class Stream:
    """Ratings and reports of one model as a paginator cuts them."""

    def __init__(self, model, user, kind: str):
        self.asked = (model, user, kind)

    def __len__(self) -> int:
        return reading.stream(*self.asked, first=0, most=0)[1]

    def __getitem__(self, cut: slice) -> list:
        first = cut.start or 0
        return reading.stream(*self.asked, first=first, most=(cut.stop or 0) - first)[0]


class ModelFeedback(Resource):
    """Stars, sentences and public problems of one model; the rest for its two sides."""

    queryset = Report.objects.all()
    serializer_class = shapes.FeedbackSerializer
    filter_backends: list = []
    also_asked = {"list": ("kind",)}

    def get_model(self) -> AIModel:
        wanted = slug_or_id(self.kwargs["slug"].replace("\0", ""))
        seen = AIModel.objects.visible_to(self.request.user).select_related("tenant")
        model = seen.defer("words", "card").filter(**wanted).first()
        if model is None or model.tenant is None:
            raise Http404
        return model

    @extend_schema(parameters=[KIND], responses=shapes.FeedbackPageSerializer)
    def list(self, request, slug=None):
        """Feedback on a model, the newest first, with its average and open problems."""
        model, kind = self.get_model(), request.query_params.get("kind", "")
        if kind not in ("", *Kind.values):
            raise questions.BadQuestion("kind", f"Choose one of {', '.join(Kind.values)}.")
        rows = self.paginate_queryset(Stream(model, request.user, kind))
        answer = self.get_paginated_response(self.get_serializer(rows, many=True).data)
        seen = reading.opinion(model, request.user)
        answer.data["summary"] = shapes.OpinionSerializer(seen).data
        return answer

    @extend_schema(request=shapes.SpeakSerializer, responses={201: shapes.FeedbackSerializer})
    def create(self, request, slug=None):
        """Rate a model (again), or report a problem; people whose team may call it."""
        model = self.get_model()
        body = shapes.SpeakSerializer(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        kind = given.pop("kind")
        verb = services.rate if kind == "rating" else services.report
        made = verb(model, by=request.user, **given)
        shown = reading.item(made, request.user)
        return Response(self.get_serializer(shown).data, status=status.HTTP_201_CREATED)


class ReportFilter(filters.FilterSet):
    status = filters.MultipleChoiceFilter(choices=ReportStatus)
    model = filters.CharFilter(field_name="model__slug")
    to_answer = filters.BooleanFilter(method="only_waiting", label="Only what waits for me")
    mine = filters.BooleanFilter(method="only_mine", label="Only what I reported")

    class Meta:
        model = Report
        fields: list[str] = []

    def only_waiting(self, rows, name, value):
        return rows.waiting_for(self.request.user) if value else rows

    def only_mine(self, rows, name, value):
        return rows.filter(reporter=self.request.user) if value else rows


class Reports(mixins.ListModelMixin, Resource):
    """Reports of my teams and on models that I publish."""

    queryset = Report.objects.to_show()
    serializer_class = shapes.ProblemSerializer
    filterset_class = ReportFilter
    ordering_fields = ["created_at", "status"]

    def paginate_queryset(self, queryset):
        return reading.problems_of(super().paginate_queryset(queryset))

    @extend_schema(responses=shapes.ThreadSerializer)
    def retrieve(self, request, pk=None):
        """One report with its thread; public ones are read by everybody who finds the model."""
        return self._answer()

    @extend_schema(request=shapes.ReplySerializer, responses=shapes.ThreadSerializer)
    @action(detail=True, methods=["post"])
    def reply(self, request, pk=None):
        """Say something; the team that reported and the publishers."""
        return self._do(services.reply, shapes.ReplySerializer)

    @extend_schema(request=shapes.NoteSerializer, responses=shapes.ThreadSerializer)
    @action(detail=True, methods=["post"])
    def confirm(self, request, pk=None):
        """The model is wrong there; publishers."""
        return self._do(services.confirm, shapes.NoteSerializer)

    @extend_schema(request=shapes.FixSerializer, responses=shapes.ThreadSerializer)
    @action(detail=True, methods=["post"])
    def fix(self, request, pk=None):
        """It is put right in a version; publishers. Who reported it is told."""
        return self._do(services.fix, shapes.FixSerializer)

    @extend_schema(request=shapes.NoteSerializer, responses=shapes.ThreadSerializer)
    @action(detail=True, methods=["post"])
    def decline(self, request, pk=None):
        """It stays as it is, and why; publishers."""
        return self._do(services.decline, shapes.NoteSerializer)

    @extend_schema(request=shapes.NoteSerializer, responses=shapes.ThreadSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request, pk=None):
        """Nothing more is to be done; the team that reported."""
        return self._do(services.close, shapes.NoteSerializer)

    @extend_schema(request=shapes.NoteSerializer, responses=shapes.ThreadSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request, pk=None):
        """It is still wrong, and how; the team that reported."""
        return self._do(services.reopen, shapes.NoteSerializer)

    @extend_schema(request=shapes.AffectedSerializer, responses=shapes.ThreadSerializer)
    @action(detail=True, methods=["post"])
    def affects(self, request, pk=None):
        """It concerns me too; whose team may call the model. They hear what becomes of it."""
        return self._do(services.affects, shapes.AffectedSerializer)

    @extend_schema(request=None, responses=shapes.ThreadSerializer)
    @action(detail=True, methods=["post"])
    def spares(self, request, pk=None):
        """It no longer concerns me."""
        services.spares(self._row(), by=request.user)
        return self._answer()

    @extend_schema(responses=shapes.SealedExampleSerializer)
    @action(detail=True, methods=["get"])
    def example(self, request, pk=None):
        """The sealed example; the team that reported and the publishers. Each look is recorded."""
        try:
            text = services.example_of(self._row(), by=request.user)
        except Refused as none:
            raise Http404 from none
        return Response(shapes.SealedExampleSerializer({"example": text}).data)

    def _find(self):
        try:
            found = reading.find(UUID(self.kwargs["pk"]), self.request.user)
        except ValueError:
            found = None
        if found is None:
            raise Http404
        return found

    def _row(self) -> Report:
        return self._find()[0]

    def _do(self, verb, shape) -> Response:
        row = self._row()
        body = shape(data=self.request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        verb(row, by=self.request.user, **body.validated_data)
        return self._answer()

    def _answer(self) -> Response:
        return Response(shapes.ThreadSerializer(self._find()[1]).data)
