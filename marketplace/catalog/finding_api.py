"""REST: saved views, wishes for models, and the synonyms of the search."""

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response

from marketplace.catalog import finding_shapes as shapes
from marketplace.catalog import services
from marketplace.catalog.index import Synonym
from marketplace.catalog.lifecycle import WantedStatus
from marketplace.catalog.wishes import SavedView, WantedModel
from portal.api.base import ReadOnly


class SavedViews(ReadOnly):
    """Your saved views of the catalogue."""

    queryset = SavedView.objects.all()
    serializer_class = shapes.SavedViewSerializer
    ordering_fields = ["name", "created_at"]

    def create(self, request, *args, **kwargs):
        """Keep a view; 409 where the name is in use and `replace` is not true."""
        given = self.get_serializer(data=request.data)
        given.is_valid(raise_exception=True)
        view = services.keep_view(by=request.user, **given.validated_data)
        return Response(self.get_serializer(view).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request, *args, **kwargs):
        """Forget a view."""
        services.forget_view(self.get_object(), by=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class WantedFilter(filters.FilterSet):
    status = filters.MultipleChoiceFilter(choices=WantedStatus)
    tenant = filters.CharFilter(field_name="tenant__slug")
    mine = filters.BooleanFilter(method="only_mine", label="Only what I asked for")

    class Meta:
        model = WantedModel
        fields: list[str] = []

    def only_mine(self, rows, name, value):
        return rows.asked_by(self.request.user) if value else rows


class WantedModels(ReadOnly):
    """Models that teams need and do not find."""

    queryset = WantedModel.objects.all()
    serializer_class = shapes.WantedModelSerializer
    filterset_class = WantedFilter
    ordering_fields = ["created_at", "title"]

    def get_queryset(self):
        return super().get_queryset().to_show()

    def create(self, request, *args, **kwargs):
        """Ask for a model; governance and publishers with something close are told."""
        given = self.get_serializer(data=request.data)
        given.is_valid(raise_exception=True)
        facts = given.validated_data
        calls = facts.pop("expected_calls_per_month", None)
        wanted = services.want(by=request.user, expected_calls=calls, **facts)
        return Response(self.get_serializer(wanted).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.AnswerSerializer, responses=shapes.WantedModelSerializer)
    @action(detail=True, methods=["post"])
    def plan(self, request, *args, **kwargs):
        """Say that somebody works on it; publishers and governance."""
        return self._do(services.plan, shapes.AnswerSerializer)

    @extend_schema(request=shapes.MeetSerializer, responses=shapes.WantedModelSerializer)
    @action(detail=True, methods=["post"])
    def meet(self, request, *args, **kwargs):
        """Name the model that does it; publishers and governance."""
        return self._do(services.meet, shapes.MeetSerializer)

    @extend_schema(request=shapes.DeclineSerializer, responses=shapes.WantedModelSerializer)
    @action(detail=True, methods=["post"])
    def decline(self, request, *args, **kwargs):
        """Say no, with a reason; governance."""
        return self._do(services.decline, shapes.DeclineSerializer)

    @extend_schema(request=None, responses=shapes.WantedModelSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request, *args, **kwargs):
        """Take it back; who asked, and owners of their team."""
        wanted = services.withdraw_wish(self.get_object(), by=request.user)
        return Response(self.get_serializer(wanted).data)

    def _do(self, verb, shape) -> Response:
        wanted = self.get_object()
        services.require_helper(verb.__name__, wanted, self.request.user)
        given = shape(data=self.request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        facts = dict(given.validated_data)
        model = [facts.pop("model")] if "model" in facts else []
        wanted = verb(wanted, *model, by=self.request.user, **facts)
        return Response(self.get_serializer(wanted).data)


class Synonyms(ReadOnly):
    """What the search takes for the same. Governance and operators change it."""

    queryset = Synonym.objects.all()
    serializer_class = shapes.SynonymSerializer
    ordering_fields = ["changed_at"]

    def get_queryset(self):
        return super().get_queryset().select_related("changed_by")

    def create(self, request, *args, **kwargs):
        """Add a group of words that mean the same."""
        services.require_keeper("add synonyms", None, request.user)
        row = services.add_synonyms(by=request.user, terms=self._terms())
        return Response(self.get_serializer(row).data, status=status.HTTP_201_CREATED)

    def partial_update(self, request, *args, **kwargs):
        """Replace the words of a group."""
        row = self.get_object()
        services.require_keeper("change", row, request.user)
        row = services.change_synonyms(row, by=request.user, terms=self._terms())
        return Response(self.get_serializer(row).data)

    @extend_schema(responses={204: None})
    def destroy(self, request, *args, **kwargs):
        """Drop a group; its words stand for themselves again."""
        services.drop_synonyms(self.get_object(), by=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _terms(self) -> list[str]:
        given = self.get_serializer(data=self.request.data)
        given.is_valid(raise_exception=True)
        return given.validated_data["terms"]
