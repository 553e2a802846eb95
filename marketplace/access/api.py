"""REST: requests for access, decisions on them, and grants."""

from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response

from marketplace.access import serializers as shapes
from marketplace.access import services as access
from marketplace.access.lifecycle import GrantStatus, RequestStatus
from marketplace.access.models import AccessRequest, Grant
from marketplace.catalog.models import Environment
from portal.api.base import ReadOnly

UNSEEN = "There is nothing here that you may see."
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The digest, instead of in the body."
)


class AccessRequestFilter(filters.FilterSet):
    status = filters.MultipleChoiceFilter(choices=RequestStatus)
    environment = filters.MultipleChoiceFilter(choices=Environment)
    model = filters.CharFilter(field_name="model__slug")
    tenant = filters.CharFilter(field_name="tenant__slug")
    to_decide = filters.BooleanFilter(method="only_to_decide", label="Only what waits for me")
    mine = filters.BooleanFilter(method="only_mine", label="Only what I asked for")

    class Meta:
        model = AccessRequest
        fields: list[str] = []

    def only_to_decide(self, rows, name, value):
        return rows.decidable_by(self.request.user) if value else rows

    def only_mine(self, rows, name, value):
        return rows.asked_by(self.request.user) if value else rows


class GrantFilter(filters.FilterSet):
    status = filters.MultipleChoiceFilter(choices=GrantStatus)
    environment = filters.MultipleChoiceFilter(choices=Environment)
    model = filters.CharFilter(field_name="model__slug")
    tenant = filters.CharFilter(field_name="tenant__slug")
    in_force = filters.BooleanFilter(method="only_in_force", label="Only what holds now")

    class Meta:
        model = Grant
        fields: list[str] = []

    def only_in_force(self, rows, name, value):
        return rows.in_force() if value else rows.over()


class AccessRequests(ReadOnly):
    """Requests that my teams made, and those on models that we own."""

    queryset = AccessRequest.objects.to_show()
    serializer_class = shapes.AccessRequestSerializer
    filterset_class = AccessRequestFilter
    ordering_fields = ["created_at", "decided_at", "expected_calls_per_month", "duration_days"]

    def create(self, request):
        """Ask for a model on behalf of one of your tenants."""
        given = self._read(shapes.AccessRequestSerializer)
        renews_id = given.pop("renews_id", None)
        asked = access.submit(by=request.user, renews=self._renewed(renews_id), **given)
        return Response(self.get_serializer(asked).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=shapes.PreviewSerializer)
    @action(detail=True, methods=["get"])
    def preview(self, request, pk=None):
        """What approving would do, and the digest of what is shown."""
        seen = access.preview(self.get_object())
        body = shapes.PreviewSerializer(seen, context={"deciders_of": access.deciders_of})
        return Response(body.data, headers={"ETag": f'"{seen.digest}"'})

    @extend_schema(
        request=shapes.ApprovalSerializer,
        parameters=[IF_MATCH],
        responses=shapes.AccessRequestSerializer,
    )
    @action(detail=True, methods=["post"])
    def approve(self, request, pk=None):
        """Grant it, for as long as asked or for fewer days."""
        asked, given = self.get_object(), self._read(shapes.ApprovalSerializer)
        access.approve(
            asked, by=request.user, digest=self._digest(given), days=given["days"],
            note=given["note"],
        )  # fmt: skip
        return Response(self.get_serializer(asked).data)

    @extend_schema(
        request=shapes.DecisionSerializer,
        parameters=[IF_MATCH],
        responses=shapes.AccessRequestSerializer,
    )
    @action(detail=True, methods=["post"])
    def deny(self, request, pk=None):
        """Say no, and why."""
        asked, given = self.get_object(), self._read(shapes.DecisionSerializer)
        access.deny(asked, by=request.user, digest=self._digest(given), note=given["note"])
        return Response(self.get_serializer(asked).data)

    @extend_schema(request=None, responses=shapes.AccessRequestSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request, pk=None):
        """Take it back while it is open."""
        asked = access.withdraw(self.get_object(), by=request.user)
        return Response(self.get_serializer(asked).data)

    @extend_schema(request=shapes.BulkSerializer, responses=shapes.BulkResultSerializer)
    @action(detail=False, methods=["post"], url_path="bulk-decide", filterset_class=None)
    def bulk_decide(self, request):
        """Decide many at once; each has a result of its own."""
        given = self._read(shapes.BulkSerializer)
        digests = {item["id"]: item.get("digest") or None for item in given["items"]}
        seen = {row.pk: row for row in self.get_queryset().filter(pk__in=digests)}
        chosen = [(seen[pk], digest) for pk, digest in digests.items() if pk in seen]
        done = access.decide_many(
            chosen, by=request.user, verb=given["decision"], note=given["note"]
        )
        by_id = {outcome.id: outcome for outcome in done}
        results = [by_id.get(str(pk)) or access.Outcome(str(pk), 404, UNSEEN) for pk in digests]
        return Response(shapes.BulkResultSerializer({"results": results}).data)

    def _read(self, shape) -> dict:
        body = shape(data=self.request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        return body.validated_data

    def _digest(self, given) -> str | None:
        matched = self.request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
        return given.get("digest") or (matched if matched != "*" else "") or None

    def _renewed(self, pk) -> Grant | None:
        if pk is None:
            return None
        grant = Grant.objects.visible_to(self.request.user).to_show().filter(pk=pk).first()
        if grant is None:
            raise serializers.ValidationError(
                {"renews": [f"There is no grant {pk} that you may see."]}
            )
        return grant


@extend_schema_view(list=extend_schema(summary="Grants of my teams and on models that we own"))
class Grants(ReadOnly):
    """What is held, and until when."""

    queryset = Grant.objects.to_show()
    serializer_class = shapes.GrantSerializer
    filterset_class = GrantFilter
    ordering_fields = ["created_at", "starts_at", "ends_at"]

    @extend_schema(request=shapes.ReasonSerializer, responses=shapes.GrantSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request, pk=None):
        """End it before its time, and say why."""
        grant = self.get_object()
        given = shapes.ReasonSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        access.revoke(grant, by=request.user, note=given.validated_data["note"])
        return Response(self.get_serializer(grant).data)

    @extend_schema(
        request=shapes.RenewalSerializer,
        responses={200: shapes.RenewedSerializer, 201: shapes.RenewedSerializer},
    )
    @action(detail=True, methods=["post"])
    def renew(self, request, pk=None):
        """More time: at once for owners of the model, by a request (201) for who holds it."""
        grant = self.get_object()
        given = shapes.RenewalSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = access.renew(grant, by=request.user, **given.validated_data)
        asked = isinstance(made, AccessRequest)
        answer = {"grant": None if asked else made, "request": made if asked else None}
        body = shapes.RenewedSerializer(answer, context=self.get_serializer_context())
        return Response(body.data, status=201 if asked else 200)
