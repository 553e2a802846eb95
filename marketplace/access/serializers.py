"""What requests, decisions and grants look like in the REST API."""

from decimal import Decimal

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from marketplace.access.models import AccessRequest, Grant
from marketplace.access.services.asking import MOST_CALLS, MOST_DAYS
from marketplace.catalog.models import AIModel
from portal.api.base import VisibleField
from tenants.chargeback.models import NANO
from tenants.directory.models import Tenant


class MoneySerializer(serializers.Serializer):
    """An amount as a decimal string, with its currency."""

    amount = serializers.CharField()
    currency = serializers.CharField()


class AccessRequestSerializer(serializers.ModelSerializer):
    model = VisibleField(queryset=AIModel.objects.all(), slug_field="slug")
    tenant = VisibleField(queryset=Tenant.objects.all(), slug_field="slug")
    provider = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    requester = serializers.SlugRelatedField(slug_field="username", read_only=True)
    decided_by = serializers.SlugRelatedField(
        slug_field="username", read_only=True, allow_null=True
    )
    expected_calls_per_month = serializers.IntegerField(min_value=1, max_value=MOST_CALLS)
    duration_days = serializers.IntegerField(min_value=1, max_value=MOST_DAYS)
    renews = serializers.UUIDField(source="renews_id", required=False, allow_null=True)

    class Meta:
        model = AccessRequest
        fields = [
            "id", "model", "tenant", "provider", "environment", "purpose",
            "expected_calls_per_month", "duration_days", "renews", "requester", "status",
            "created_at", "decided_by", "decided_at", "reason", "granted_days",
        ]  # fmt: skip
        read_only_fields = [
            "id", "provider", "requester", "status", "created_at", "decided_by", "decided_at",
            "reason", "granted_days",
        ]  # fmt: skip
        # One open request is a rule of the service: it must not speak before permission does.
        validators: list = []


class GrantSerializer(serializers.ModelSerializer):
    model = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    tenant = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    provider = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    request = serializers.UUIDField(source="request_id", read_only=True, allow_null=True)
    in_force = serializers.BooleanField(read_only=True)

    class Meta:
        model = Grant
        fields = [
            "id", "model", "tenant", "provider", "environment", "status", "in_force",
            "starts_at", "ends_at", "ended_reason", "request", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class PreviewSerializer(serializers.Serializer):
    """What approving would do. `digest` names what is shown; send it with the decision."""

    digest = serializers.CharField()
    changed_since_asked = serializers.BooleanField()
    duration_days = serializers.IntegerField(source="days")
    ends_at = serializers.DateTimeField(allow_null=True)
    likely_cost_per_month = serializers.SerializerMethodField()
    renews = GrantSerializer(source="renewed", allow_null=True)
    held = GrantSerializer(many=True)
    deciders = serializers.SerializerMethodField()

    @extend_schema_field(MoneySerializer(allow_null=True))
    def get_likely_cost_per_month(self, preview):
        if preview.cost is None:
            return None
        amount = Decimal(preview.cost.nano) / NANO
        return {"amount": f"{amount:f}", "currency": preview.cost.price.currency}

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_deciders(self, preview):
        return [person.username for person in self.context["deciders_of"](preview.request)]


class DecisionSerializer(serializers.Serializer):
    """A decision. Without `digest` (or If-Match) it is on what is there now."""

    digest = serializers.CharField(max_length=64, required=False, allow_blank=True)
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class ApprovalSerializer(DecisionSerializer):
    """`days` narrows: at most what was asked for."""

    days = serializers.IntegerField(
        min_value=1, max_value=MOST_DAYS, required=False, allow_null=True, default=None
    )


class BulkItemSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    digest = serializers.CharField(max_length=64, required=False, allow_blank=True)


class BulkSerializer(serializers.Serializer):
    """The same decision on many requests, each by itself."""

    decision = serializers.ChoiceField(choices=["approve", "deny"])
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")
    items = BulkItemSerializer(many=True, min_length=1, max_length=100)

    def validate_items(self, items):
        if len({item["id"] for item in items}) < len(items):
            raise serializers.ValidationError("Name each request once.")
        return items


class OutcomeSerializer(serializers.Serializer):
    """What became of one of them: the status it would have had by itself, and words."""

    id = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()


class BulkResultSerializer(serializers.Serializer):
    results = OutcomeSerializer(many=True)


class ReasonSerializer(serializers.Serializer):
    note = serializers.CharField(max_length=1000)


class RenewalSerializer(serializers.Serializer):
    """More time. What is left out is as it was asked before."""

    days = serializers.IntegerField(min_value=1, max_value=MOST_DAYS, required=False)
    purpose = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    expected_calls_per_month = serializers.IntegerField(
        min_value=1, max_value=MOST_CALLS, required=False
    )
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class RenewedSerializer(serializers.Serializer):
    """An owner of the model gets the longer grant, its holder the request for it."""

    grant = GrantSerializer(allow_null=True)
    request = AccessRequestSerializer(allow_null=True)
