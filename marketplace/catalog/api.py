"""REST: models, their versions, and the verbs of their publishers."""

from django.db.models import QuerySet
from django.http import Http404
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.filters import BaseFilterBackend
from rest_framework.response import Response

from marketplace.catalog import serializers as shapes
from marketplace.catalog import services
from marketplace.catalog.facet_shapes import FACETS, FacetsSerializer
from marketplace.catalog.facets import ACCESS, LEVELS, PRICES, chosen_in, narrowed, prepared
from marketplace.catalog.filters import Ids, Shelf, read
from marketplace.catalog.index import Entry
from marketplace.catalog.lifecycle import ModelStatus
from marketplace.catalog.models import AIModel, DataClass, Stage
from marketplace.catalog.rows import dress
from marketplace.catalog.search import search
from portal.api.base import ReadOnly, slug_or_id
from tenants.directory.models import Region

UNFILTERED = {"page", "page_size", "ordering"}


class ModelFilter(filters.FilterSet):
    status = filters.MultipleChoiceFilter(choices=ModelStatus, distinct=False)
    stage = filters.MultipleChoiceFilter(choices=Stage, distinct=False)
    data_class = filters.MultipleChoiceFilter(choices=DataClass, distinct=False)
    region = filters.MultipleChoiceFilter(choices=Region, distinct=False)
    task = filters.CharFilter(method="one_of", label="One or more tasks")
    framework = filters.CharFilter(method="one_of", label="One or more frameworks")
    licence = filters.CharFilter(method="one_of", label="One or more licences")
    tenant = filters.CharFilter(method="one_of", label="One or more tenants, by slug")
    access = filters.MultipleChoiceFilter(choices=list(ACCESS.items()), method="by_entry")
    level = filters.MultipleChoiceFilter(choices=list(LEVELS.items()), method="by_entry")
    price = filters.MultipleChoiceFilter(choices=PRICES, method="by_entry")
    can_use = filters.BooleanFilter(method="only_usable", label="Only what I may call now")
    mine = filters.BooleanFilter(method="only_mine", label="Only what I publish")
    to_claim = filters.BooleanFilter(method="only_to_claim", label="Only what waits for me")

    class Meta:
        model = AIModel
        fields: list[str] = []

    def one_of(self, rows, name, value):
        column = "tenant__slug" if name == "tenant" else name
        return rows.filter(**{f"{column}__in": chosen_in(self.data)[name]})

    def by_entry(self, rows, name, value):
        entries = prepared(Entry.objects.visible_to(self.request.user), self.request.user)
        kept = narrowed(entries, {name: value})
        return rows.filter(pk__in=kept.values("pk")) if value else rows

    def only_usable(self, rows, name, value):
        usable = AIModel.objects.usable_by(self.request.user).values("pk")
        return rows.filter(pk__in=usable) if value else rows.exclude(pk__in=usable)

    def only_mine(self, rows, name, value):
        return rows.editable_by(self.request.user) if value else rows

    def only_to_claim(self, rows, name, value):
        return rows.claimable_by(self.request.user) if value else rows


class WordSearch(BaseFilterBackend):
    """`?search=`: every word, or its beginning; a slightly wrong word is put right."""

    names = ("search",)

    def filter_queryset(self, request, queryset: QuerySet, view) -> QuerySet:
        asked = request.query_params.get("search", "")
        if view.action != "list" or not asked.strip():
            return queryset
        found = search(queryset, asked)
        if not request.query_params.get("ordering"):
            view.best = found.ids
        return found.models

    def get_schema_operation_parameters(self, view) -> list[dict]:
        told = "Words to search for in names, tasks, tags, summaries and cards."
        shape = {"type": "string"}
        return [
            {"name": "search", "in": "query", "required": False, "description": told}
            | {"schema": shape}
        ]


class Models(ReadOnly):
    """Models you may see: published for you, and your own tenants'. By slug or id."""

    queryset = AIModel.objects.all()
    serializer_class = shapes.ModelSerializer
    filterset_class = ModelFilter
    filter_backends = [ReadOnly.filter_backends[0], WordSearch, *ReadOnly.filter_backends[1:]]
    ordering_fields = ["slug", "name", "published_at", "changed_at", "created_at"]
    lookup_url_kwarg = "slug"
    also_asked = {"facets": tuple(asked.name for asked in FACETS)}
    best: list | None = None  # ids that a search has put in order

    def get_object(self):
        wanted = self.kwargs["slug"].replace("\0", "")
        model = self._rows().filter(**slug_or_id(wanted)).first()
        if model is None:
            raise Http404
        return model

    def paginate_queryset(self, queryset):
        """A page is cut by ids alone, so that no row is read which is not on it."""
        ids = super().paginate_queryset(self._cut(queryset))
        return dress(read(ids), self.request.user, page=False)

    def _cut(self, queryset):
        """What pages are cut out of: ids, and how many there are."""
        if self.best is not None:
            return self.best
        ids = queryset.values_list("pk", flat=True)
        if self.request.query_params.keys() <= UNFILTERED:
            return Ids(ids, AIModel.objects.known_to(self.request.user))
        return ids

    def retrieve(self, request, *args, **kwargs):
        """One model with its card, price and examples."""
        return self._answer(self.get_object())

    @extend_schema(request=shapes.ModelSerializer(partial=True))
    def partial_update(self, request, *args, **kwargs):
        """Change the words of a model; publishers of its tenant."""
        model = self.get_object()
        services.require_publisher(request.user, "edit", model)
        given = self.get_serializer(model, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        return self._answer(services.edit(model, by=request.user, **given.validated_data))

    @extend_schema(responses=FacetsSerializer, parameters=FACETS, filters=False)
    @action(detail=False, methods=["get"], pagination_class=None, filter_backends=[])
    def facets(self, request, *args, **kwargs):
        """How many of the listed models have each value of each facet, under the other filters."""
        return Response(FacetsSerializer(Shelf(request.user, request.query_params)).data)

    @extend_schema(responses=shapes.ModelVersionSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"])
    def versions(self, request, *args, **kwargs):
        """All versions of a model, newest first."""
        model = self.get_object()
        page = self.paginator.paginate_queryset(model.versions.all(), request, view=self)
        context = self.get_serializer_context() | {"followed": model.followed_version}
        body = shapes.ModelVersionSerializer(page, many=True, context=context)
        return self.get_paginated_response(body.data)

    @extend_schema(request=shapes.PublishSerializer, responses=shapes.ModelSerializer)
    @action(detail=True, methods=["post"])
    def publish(self, request, *args, **kwargs):
        """Put a draft into the catalogue; for a published model change who finds it."""
        model = self.get_object()
        services.require_publisher(request.user, "publish", model)
        given = self._read(shapes.PublishSerializer)
        if model.status == ModelStatus.RETIRED:
            model = services.restore(model, by=request.user)
        if model.status == ModelStatus.PUBLISHED:
            listing = {"visibility": given["visibility"], "tenants": given.get("tenants", ())}
            return self._answer(services.list_to(model, by=request.user, **listing))
        return self._answer(services.publish(model, by=request.user, **given))

    @extend_schema(request=shapes.ClaimSerializer, responses=shapes.ModelSerializer)
    @action(detail=True, methods=["post"])
    def claim(self, request, *args, **kwargs):
        """Settle whose a waiting model is: operators, or publishers whom the registry proposes."""
        model, given = self.get_object(), self._read(shapes.ClaimSerializer)
        return self._answer(services.claim(model, given["tenant"], by=request.user))

    @extend_schema(request=shapes.RetireSerializer, responses=shapes.ModelSerializer)
    @action(detail=True, methods=["post"])
    def retire(self, request, *args, **kwargs):
        """Take a model out of the catalogue and out of service; grants rest until it is back."""
        model = self.get_object()
        services.require_publisher(request.user, "retire", model)
        given = self._read(shapes.RetireSerializer)
        return self._answer(services.retire(model, by=request.user, note=given["note"]))

    def _rows(self) -> QuerySet:
        return self.get_queryset().select_related("tenant", "external").defer("words")

    def _read(self, shape) -> dict:
        given = shape(data=self.request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        return given.validated_data

    def _answer(self, model) -> Response:
        dress([model], self.request.user, page=False)
        return Response(self.get_serializer(model).data)
