"""The trail by program: newest first, page by page, narrowed like the page."""

import uuid

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.pagination import BasePagination
from rest_framework.response import Response

from portal.api import questions
from portal.api.base import Resource
from portal.audit import search
from portal.audit.models import Event
from portal.audit.services import denied, genuine
from portal.audit.views import named

SIZE, MOST = 50, 200
CURSOR = "The cursor of an answer is <transaction>-<number>. Take it from `next`."


class EventSerializer(serializers.ModelSerializer):
    """One line of the trail."""

    id = serializers.CharField(source="reference", help_text="Its place: transaction-number.")
    tenant = serializers.CharField(source="tenant_slug", help_text="Whose business it is.")
    note = serializers.CharField(source="facts.note")
    request_id = serializers.CharField(source="facts.request_id")
    address = serializers.CharField(source="facts.address")
    channel = serializers.CharField(source="facts.channel")
    key = serializers.CharField(source="facts.key", help_text="Public part of the key, if any.")
    facts = serializers.DictField(source="facts.facts")
    genuine = serializers.SerializerMethodField()

    class Meta:
        model = Event
        fields = [
            "id", "at", "actor", "verb", "subject_type", "subject_id", "label", "tenant", "note",
            "request_id", "address", "channel", "key", "facts", "writer", "wseq", "genuine",
        ]  # fmt: skip
        read_only_fields = fields

    def get_genuine(self, event) -> bool:
        """Whether the line is as its writer wrote it."""
        return genuine(event)


class FilterSerializer(serializers.Serializer):
    """The filters, all optional."""

    subject = serializers.CharField(max_length=80, required=False, default="")
    subject_type = serializers.CharField(max_length=80, required=False, default="")
    actor = serializers.CharField(max_length=150, required=False, default="")
    verb = serializers.CharField(max_length=80, required=False, default="")
    tenant = serializers.CharField(max_length=40, required=False, default="")
    since = serializers.DateTimeField(required=False, default=None)
    until = serializers.DateTimeField(required=False, default=None)

    def validate_tenant(self, name: str) -> uuid.UUID | None:
        found = search.tenant_named(name) if name else None
        if name and found is None:
            raise serializers.ValidationError("There is no such tenant.")
        return found

    def wanted(self) -> search.Wanted:
        facts = dict(self.validated_data)
        return search.Wanted(what=facts.pop("subject"), **facts)


class PlacePages(BasePagination):
    """`{next, results}`; `next` carries the cursor, so that page 10,000 is as fast as page 1."""

    cursor_query_param, page_size_query_param = "cursor", "page_size"

    def paginate_queryset(self, queryset, request, view=None):
        shown = request.query_params.get("cursor", "")
        beyond = search.place(shown)
        if shown and beyond is None:
            raise questions.BadQuestion("cursor", CURSOR)
        size = questions.whole(
            request.query_params.get("page_size", str(SIZE)), "page_size", most=MOST
        )
        rows, more = search.page(queryset, size, beyond=beyond)
        query = request.query_params.copy()
        query["cursor"] = more
        address = request.build_absolute_uri(request.path)
        self.next = f"{address}?{query.urlencode()}" if more else None
        return named(rows)

    def get_paginated_response(self, data):
        return Response({"next": self.next, "results": data})

    def get_paginated_response_schema(self, schema):
        properties = {"next": {"type": ["string", "null"], "format": "uri"}, "results": schema}
        return {"type": "object", "required": ["next", "results"], "properties": properties}

    def get_schema_operation_parameters(self, view):
        where = {"required": False, "in": "query"}
        size = {"type": "integer", "minimum": 1, "maximum": MOST, "default": SIZE}
        return [
            where | {"name": "cursor", "schema": {"type": "string"}},
            where | {"name": "page_size", "schema": size},
        ]


@extend_schema_view(
    list=extend_schema(parameters=[FilterSerializer]),
    retrieve=extend_schema(parameters=[OpenApiParameter("id", str, "path")]),
)
class EventViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """What happened and who did it. Auditors read all of it, owners their tenants' part."""

    queryset = Event.objects.all()
    serializer_class = EventSerializer
    pagination_class = PlacePages
    filter_backends: list = []
    also_asked = {"list": tuple(FilterSerializer().fields)}
    lookup_field = "id"

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        user = request.user
        if not (user.reads_trail or user.tenants_as("owner")):
            raise denied("read the trail", user, by=user, why="Only owners and auditors read it.")

    def filter_queryset(self, queryset):
        if self.action != "list":
            return queryset
        filters = FilterSerializer(data=self.request.query_params)
        filters.is_valid(raise_exception=True)
        return filters.wanted().of(queryset)

    def get_object(self):
        place = search.place(self.kwargs["id"])
        event = self.get_queryset().at_place(place).first() if place else None
        if event is None:
            raise Http404
        return named([event])[0]
