"""Endpoints as programs read and order them."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from compute.endpoints.models import Endpoint
from compute.endpoints.services import ALL
from compute.engines.base import LEAST_MEMORY_MB, MOST_MEMORY_MB, MOST_REPLICAS
from marketplace.catalog.models import AIModel, Environment
from portal.api.base import VisibleField

LARGEST_NUMBER = 2**31 - 1


class EndpointSerializer(serializers.ModelSerializer):
    """One served version of a model. `address` is told to operators alone."""

    model = serializers.CharField(source="model.slug", read_only=True)
    tenant = serializers.CharField(source="tenant.slug", read_only=True)
    version = serializers.IntegerField(source="version.number", read_only=True)
    environments = serializers.SerializerMethodField()
    address = serializers.SerializerMethodField()

    class Meta:
        model = Endpoint
        fields = [
            "id", "model", "tenant", "version", "region", "environments", "wanted", "replicas",
            "memory_mb", "status", "reason", "restarts", "address", "seen_at", "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(Environment.choices)))
    def get_environments(self, endpoint) -> list[str]:
        return sorted(route.environment for route in endpoint.routes.all())

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_address(self, endpoint) -> str | None:
        return endpoint.address if self.context["request"].user.is_operator else None


class SizeSerializer(serializers.Serializer):
    """How many workers answer, and the memory of each in MB."""

    replicas = serializers.IntegerField(required=False, min_value=1, max_value=MOST_REPLICAS)
    memory_mb = serializers.IntegerField(
        required=False, min_value=LEAST_MEMORY_MB, max_value=MOST_MEMORY_MB
    )


class DeploymentSerializer(SizeSerializer):
    """Which version answers in which environments (all when left out)."""

    version = serializers.IntegerField(min_value=1, max_value=LARGEST_NUMBER)
    environments = serializers.ListField(
        child=serializers.ChoiceField(choices=Environment.choices),
        required=False,
        allow_empty=False,
        max_length=len(ALL),
    )


class NewEndpointSerializer(DeploymentSerializer):
    """A deployment that names its model by slug or id."""

    model = VisibleField(queryset=AIModel.objects.all(), slug_field="slug")


class HealthSerializer(serializers.Serializer):
    """Whether calls are answered now, and what was seen last."""

    ready = serializers.BooleanField()
    status = serializers.CharField()
    reason = serializers.CharField()
    restarts = serializers.IntegerField()
    seen_at = serializers.DateTimeField(allow_null=True)
