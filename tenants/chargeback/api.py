"""The REST resources of money: prices, usage, statements, corrections."""

from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response

from portal.api import questions
from portal.api.base import ReadOnly, Resource
from tenants.chargeback import serializers as shapes
from tenants.chargeback import services
from tenants.chargeback.amounts import nano_of
from tenants.chargeback.lifecycle import StatementStatus
from tenants.chargeback.models import Call, Posting, Price, Statement
from tenants.chargeback.papers import COLUMNS, number_of, sheet_rows
from tenants.chargeback.sheets import csv_response
from tenants.chargeback.windows import window_of
from tenants.directory.models import Tenant

FORMATS = ("csv",)
ASKED = tuple(shapes.UsageQuerySerializer().fields)
ASKED_OF_HARDWARE = tuple(shapes.HardwareQuerySerializer().fields)


class ByNewest(CursorPagination):
    """Pages that stay where they are while calls come in."""

    page_size, max_page_size = 50, 200
    page_size_query_param = "page_size"
    ordering = "-id"

    def get_page_size(self, request) -> int:
        asked = request.query_params.get("page_size")
        if asked is None:
            return self.page_size
        return questions.whole(asked, "page_size", most=self.max_page_size)


class PriceFilter(filters.FilterSet):
    """`model` and `tenant` by slug, `in_force`."""

    model = filters.CharFilter(field_name="model_slug")
    tenant = filters.CharFilter(field_name="tenant__slug")
    in_force = filters.BooleanFilter(field_name="valid_to", lookup_expr="isnull")

    class Meta:
        model = Price
        fields: list[str] = []


class PriceViewSet(ReadOnly):
    """The price book, all versions. Finance adds the next; a version never changes."""

    queryset = Price.objects.select_related("tenant")
    serializer_class = shapes.PriceSerializer
    filterset_class = PriceFilter
    ordering_fields = ["model_slug", "version", "valid_from"]

    @extend_schema(request=shapes.NewPriceSerializer, responses={201: shapes.PriceSerializer})
    def create(self, request):
        facts = asked(self, shapes.NewPriceSerializer, request.data)
        last = facts.pop("model")
        kept = {name: getattr(last, name) for name in ("per", "meter", "currency")}
        price = services.set_price(
            tenant=last.tenant, model_id=last.model_id, model_slug=last.model_slug,
            by=request.user, **kept | facts,
        )  # fmt: skip
        body = shapes.PriceSerializer(price).data
        return Response(body, status=status.HTTP_201_CREATED)


class UsageViewSet(Resource):
    """Calls added up, and one by one."""

    queryset = Call.objects.select_related("tenant")
    serializer_class = shapes.UsageRowSerializer
    filter_backends: list = []
    also_asked = {"list": ASKED, "calls": ASKED, "hardware": ASKED_OF_HARDWARE}

    @extend_schema(
        parameters=[shapes.UsageQuerySerializer], responses=shapes.UsageRowSerializer(many=True)
    )
    def list(self, request):
        facts = asked(self, shapes.UsageQuerySerializer, request.query_params)
        days = (facts.get("since"), facts.get("until"))
        window = window_of("custom" if any(days) else "month", *days)
        calls = narrow(self.get_queryset(), facts)
        rows = services.usage(calls, facts["group_by"], window.since, window.until)
        return self._told(rows)

    @extend_schema(
        parameters=[shapes.HardwareQuerySerializer],
        responses=shapes.HardwareRowSerializer(many=True),
    )
    @action(detail=False, serializer_class=shapes.HardwareRowSerializer)
    def hardware(self, request):
        facts = asked(self, shapes.HardwareQuerySerializer, request.query_params)
        days = (facts.get("since"), facts.get("until"))
        window = window_of("custom" if any(days) else "month", *days)
        columns = {"tenant": "tenant", "hardware": "subject", "job": "key_id"}
        wanted = {column: facts[name] for name, column in columns.items() if facts.get(name)}
        mine = Posting.objects.visible_to(request.user).filter(**wanted)
        groups = facts["group_by"]
        return self._told(services.hardware_usage(mine, groups, window.since, window.until))

    def _told(self, rows):
        page = self.paginate_queryset(rows)
        slugs = dict(Tenant.objects.visible_to(self.request.user).values_list("pk", "slug"))
        named = [row | {"tenant": slugs.get(row["tenant_id"])} if "tenant_id" in row else row
                 for row in page]  # fmt: skip
        return self.get_paginated_response(self.get_serializer(named, many=True).data)

    @extend_schema(
        parameters=[shapes.UsageQuerySerializer], responses=shapes.CallSerializer(many=True)
    )
    @action(detail=False, pagination_class=ByNewest, serializer_class=shapes.CallSerializer)
    def calls(self, request):
        facts = asked(self, shapes.UsageQuerySerializer, request.query_params)
        rows = narrow(self.get_queryset(), facts)
        days = (facts.get("since"), facts.get("until"))
        if any(days):
            window = window_of("custom", *days)
            rows = services.between(rows, window.since, window.until)
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class StatementFilter(filters.FilterSet):
    """`tenant` by slug, `period` as 2026-10, `status`, `currency`."""

    tenant = filters.CharFilter(field_name="tenant__slug")
    period = filters.DateFilter(input_formats=["%Y-%m"])
    status = filters.ChoiceFilter(choices=StatementStatus.choices)
    currency = filters.CharFilter()

    class Meta:
        model = Statement
        fields: list[str] = []


class StatementViewSet(ReadOnly):
    """Statements, their lines, and their lines as a file."""

    queryset = Statement.objects.select_related("tenant", "closed_by")
    serializer_class = shapes.StatementSerializer
    filterset_class = StatementFilter
    ordering_fields = ["period", "tenant__slug", "closed_at"]

    def list(self, request, *args, **kwargs):
        services.open_statements()
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self._shown(rows, many=True))

    def retrieve(self, request, *args, **kwargs):
        return Response(self._shown(self.get_object()))

    @extend_schema(responses=shapes.LineSerializer(many=True))
    @action(detail=True, filter_backends=[])
    def lines(self, request, pk=None):
        view = self._view(self.get_object())
        page = self.paginate_queryset(view.lines)
        told = [line | {"currency": view.currency} for line in page]
        return self.get_paginated_response(shapes.LineSerializer(told, many=True).data)

    @extend_schema(
        parameters=[OpenApiParameter("format", enum=FORMATS, default="csv")],
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    @action(detail=True, filter_backends=[], pagination_class=None)
    def export(self, request, pk=None):
        statement = self.get_object()
        if request.query_params.get("format", "csv") not in FORMATS:
            raise ValidationError({"format": [f"Choose {', '.join(FORMATS)}."]})
        name = number_of(statement.tenant, statement.period)
        return csv_response(name, COLUMNS, sheet_rows(self._view(statement)))

    def perform_content_negotiation(self, request, force=False):
        """An export is a file: its `format` is ours, and the Accept header is not asked."""
        if self.action == "export":
            renderer = self.get_renderers()[0]
            return renderer, renderer.media_type
        return super().perform_content_negotiation(request, force)

    def _view(self, row: Statement):
        return services.statement_of(row.tenant, row.period, row.currency)

    def _shown(self, rows, *, many: bool = False):
        still = [row for row in (rows if many else [rows]) if row.status == StatementStatus.OPEN]
        context = self.get_serializer_context() | {"totals": services.running_totals(still)}
        return shapes.StatementSerializer(rows, many=many, context=context).data


class CorrectionViewSet(mixins.ListModelMixin, Resource):
    """Corrections of the ledger. Finance makes them; nothing is edited."""

    queryset = Posting.objects.corrections()
    serializer_class = shapes.CorrectionSerializer
    filter_backends: list = []

    @extend_schema(
        request=shapes.NewCorrectionSerializer, responses={201: shapes.CorrectionSerializer}
    )
    def create(self, request):
        facts = asked(self, shapes.NewCorrectionSerializer, request.data)
        nano = nano_of(facts["amount"])
        made = services.correct(facts["call"], by=request.user, nano=nano, note=facts["note"])
        line = self.get_queryset().get(transaction=made)
        return Response(self.get_serializer(line).data, status=status.HTTP_201_CREATED)


def asked(view, shape, data) -> dict:
    """What the caller sent, checked."""
    form = shape(data=data, context=view.get_serializer_context())
    form.is_valid(raise_exception=True)
    return form.validated_data


def narrow(calls, facts: dict):
    """`calls` of the tenant, model, key and environment that were asked for."""
    columns = {"tenant": "tenant", "model": "model_slug", "key": "key_id"}
    columns["environment"] = "environment"
    wanted = {column: facts[name] for name, column in columns.items() if facts.get(name)}
    return calls.filter(**wanted)
