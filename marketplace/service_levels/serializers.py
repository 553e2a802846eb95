"""What service levels look like in the REST API."""

from rest_framework import serializers

from marketplace.catalog.models import Environment
from marketplace.service_levels.models import Target, Window


class BudgetSerializer(serializers.Serializer):
    """What may still fail before the target is missed; negative once it is."""

    calls = serializers.FloatField()
    calls_allowed = serializers.FloatField()
    minutes = serializers.FloatField()
    minutes_allowed = serializers.FloatField()


class MeasuredSerializer(serializers.Serializer):
    """One window, in one environment or (empty) in all. Shares in percent; null without a call."""

    window = serializers.ChoiceField(Window.choices)
    environment = serializers.ChoiceField(Environment.choices, allow_blank=True)
    calls = serializers.IntegerField(source="counts.calls")
    failed = serializers.IntegerField(source="counts.failed")
    excluded = serializers.IntegerField(source="counts.excluded")
    availability = serializers.FloatField(allow_null=True)
    in_time = serializers.FloatField(allow_null=True)
    p50_ms = serializers.FloatField(source="row.p50_ms", allow_null=True, default=None)
    p95_ms = serializers.FloatField(source="row.p95_ms", allow_null=True, default=None)
    met = serializers.BooleanField(allow_null=True)
    error_budget = BudgetSerializer(source="budget", allow_null=True)
    measured_at = serializers.DateTimeField(
        source="row.measured_at", allow_null=True, default=None
    )


class ServiceLevelSerializer(serializers.ModelSerializer):
    """What a model promises, and what was measured from its calls."""

    model = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    tenant = serializers.CharField(source="model.tenant.slug", read_only=True)
    availability = serializers.DecimalField(max_digits=6, decimal_places=3, normalize_output=True)
    latency_share = serializers.DecimalField(max_digits=6, decimal_places=3, normalize_output=True)
    latency_ms = serializers.IntegerField()
    measured = MeasuredSerializer(many=True, read_only=True)

    class Meta:
        model = Target
        fields = ["id", "model", "tenant", "availability", "latency_ms", "latency_share"]
        fields += ["measured", "changed_at"]
        read_only_fields = ["id", "changed_at"]
