"""The REST resource of keys."""

from django.conf import settings
from django.urls import reverse
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.filters import SearchFilter
from rest_framework.response import Response

from portal.api.base import Resource, VisibleField
from tenants.directory.models import Tenant
from tenants.keys import services
from tenants.keys.lifecycle import KeyStatus
from tenants.keys.models import ApiKey, Scope


class KeySerializer(serializers.ModelSerializer):
    """A key as everybody who may know of it sees it."""

    tenant = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    holder = serializers.SlugRelatedField(slug_field="username", read_only=True)
    prefix = serializers.CharField(read_only=True)
    models = serializers.ListField(
        source="model_slugs", child=serializers.CharField(), read_only=True
    )
    scopes = serializers.ListField(child=serializers.ChoiceField(Scope.choices), read_only=True)
    in_force = serializers.BooleanField(read_only=True)
    rotated_from = serializers.UUIDField(source="rotated_from_id", read_only=True, allow_null=True)

    class Meta:
        model = ApiKey
        fields = [
            "id", "tenant", "holder", "name", "prefix", "scopes", "models", "status", "in_force",
            "expires_at", "last_used_at", "created_at", "rotated_from",
        ]  # fmt: skip
        read_only_fields = fields


class KeyWarningSerializer(serializers.Serializer):
    """A model that the key is limited to and that will refuse its calls for now."""

    model = serializers.CharField(help_text="Its slug.")
    detail = serializers.CharField()
    ask = serializers.CharField(help_text="The page where access is asked for.")


class FreshKeySerializer(KeySerializer):
    """A key that was made by this very request: the only answer that holds its text."""

    secret = serializers.CharField(read_only=True)
    warnings = KeyWarningSerializer(many=True, read_only=True)

    class Meta(KeySerializer.Meta):
        fields = [*KeySerializer.Meta.fields, "secret", "warnings"]
        read_only_fields = fields


class NewKeySerializer(serializers.Serializer):
    """What to ask for; no models means every model the tenant holds a grant for."""

    tenant = VisibleField(queryset=Tenant.objects.all(), slug_field="slug")
    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(Scope.choices), min_length=1, max_length=2
    )
    models = serializers.ListField(
        child=serializers.CharField(max_length=80),
        max_length=services.MOST_MODELS,
        required=False,
        default=list,
    )
    expires_in_days = serializers.IntegerField(
        min_value=1, max_value=services.LONGEST_DAYS_OF_OWNERS, default=services.LONGEST_DAYS
    )


class RotationSerializer(serializers.Serializer):
    """How long the old key keeps working, in seconds."""

    overlap_seconds = serializers.IntegerField(
        min_value=0, max_value=services.LONGEST_OVERLAP, default=86_400
    )


class RevocationSerializer(serializers.Serializer):
    """Why; it is kept in the trail."""

    note = serializers.CharField(max_length=1000, required=False, default="", allow_blank=True)


class KeyFilter(filters.FilterSet):
    """`tenant` by slug, `status`, `in_force`, `mine`."""

    tenant = filters.CharFilter(field_name="tenant__slug")
    status = filters.ChoiceFilter(choices=KeyStatus.choices)
    in_force = filters.BooleanFilter(method="by_force")
    mine = filters.BooleanFilter(method="by_holder")

    class Meta:
        model = ApiKey
        fields: list[str] = []

    def by_force(self, rows, name, wanted: bool):
        return rows.in_force() if wanted else rows.ended()

    def by_holder(self, rows, name, wanted: bool):
        me = {"holder": self.request.user}
        return rows.filter(**me) if wanted else rows.exclude(**me)


class KeyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """Keys: make, list, rotate, revoke. The text of a key is answered once, as `secret`."""

    queryset = ApiKey.objects.made_by_people().select_related("tenant", "holder")
    serializer_class = KeySerializer
    filterset_class = KeyFilter
    filter_backends = [*Resource.filter_backends, SearchFilter]
    search_fields = ["name", "public_id"]
    ordering_fields = ["name", "created_at", "expires_at", "last_used_at"]

    @extend_schema(request=NewKeySerializer, responses={201: FreshKeySerializer})
    def create(self, request):
        facts = self._asked(NewKeySerializer)
        key, text = services.issue(
            facts["tenant"],
            by=request.user,
            name=facts["name"],
            scopes=facts["scopes"],
            model_slugs=facts["models"],
            expires_in_days=facts["expires_in_days"],
        )
        return self._fresh(key, text)

    @extend_schema(request=RotationSerializer, responses={201: FreshKeySerializer})
    @action(detail=True, methods=["post"])
    def rotate(self, request, pk=None):
        old, facts = self.get_object(), self._asked(RotationSerializer)
        overlap = facts["overlap_seconds"]
        return self._fresh(*services.rotate(old, by=request.user, overlap_seconds=overlap))

    @extend_schema(request=RevocationSerializer, responses={200: KeySerializer})
    @action(detail=True, methods=["post"])
    def revoke(self, request, pk=None):
        key, facts = self.get_object(), self._asked(RevocationSerializer)
        services.revoke(key, by=request.user, note=facts["note"])
        return Response(self.get_serializer(key).data)

    def _asked(self, shape) -> dict:
        asked = shape(data=self.request.data, context=self.get_serializer_context())
        asked.is_valid(raise_exception=True)
        return asked.validated_data

    def _fresh(self, key: ApiKey, text: str) -> Response:
        body = {**KeySerializer(key).data, "secret": text, "warnings": _warnings(key)}
        headers = {"Cache-Control": "no-store"}
        return Response(body, status=status.HTTP_201_CREATED, headers=headers)


def _warnings(key: ApiKey) -> list[dict]:
    """What will not work with a fresh key until access is given."""
    why = f"{key.tenant.name} has no access to this model, so calls are refused until it has."
    ask = {slug: reverse("access:ask", args=[slug]) for slug in services.refused_models(key)}
    return [
        {"model": slug, "detail": why, "ask": f"{settings.PORTAL_URL}{path}?tenant={key.tenant}"}
        for slug, path in ask.items()
    ]
