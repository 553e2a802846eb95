"""Jobs as programs read and ask for them."""

from collections.abc import Mapping
from decimal import Decimal

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from compute.engines.jobs import MOST_NODES, MOST_SECONDS
from compute.jobs import commands, limits, services, variables
from compute.jobs.lifecycle import Priority
from compute.jobs.models import Attempt, Happening, Job, Run, Template
from marketplace.catalog.models import DataClass
from portal.api.base import VisibleField
from tenants.chargeback.models import NANO
from tenants.directory.models import Region, Tenant

MOST = 1_000_000


def money(nano: int | None, currency: str) -> dict | None:
    """An amount as the API says it: a decimal string and its currency."""
    if nano is None:
        return None
    exact = Decimal(nano) / NANO
    amount = exact.quantize(Decimal("0.01")) if exact == round(exact, 2) else exact.normalize()
    return {"amount": f"{amount:f}", "currency": currency}


class CostSerializer(serializers.Serializer):
    """An amount as a decimal string, with its currency."""

    amount = serializers.CharField()
    currency = serializers.CharField()


class SpanSerializer(serializers.Serializer):
    """Between when and when it is expected, nine times in ten."""

    low = serializers.DateTimeField()
    high = serializers.DateTimeField()


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "maxLength": commands.LONGEST},
            {"type": "array", "items": {"type": "string"}, "minItems": 1},
        ]
    }
)
class CommandField(serializers.Field):
    """A list of arguments, or a line: split into words where no shell is needed."""

    def to_internal_value(self, data):
        try:
            if isinstance(data, str):
                return commands.read_command(data)
            return commands.check(data if isinstance(data, list) else [])
        except ValueError as wrong:
            raise serializers.ValidationError(str(wrong)) from None

    def to_representation(self, value):
        return value


class Exact(serializers.Serializer):
    """A body that may hold nothing but its fields: a slip of the pen is told, not left out."""

    def to_internal_value(self, data):
        given = data if isinstance(data, Mapping) else {}
        if unknown := [str(name)[:60] for name in given if name not in self.fields]:
            words = f"There is no such field. There are {', '.join(self.fields)}."
            raise serializers.ValidationError({name: [words] for name in unknown})
        return super().to_internal_value(data)


class NeedsSerializer(Exact):
    """What each node of the job needs, and how many nodes. Memory in GB."""

    gpus = serializers.DecimalField(6, 2, min_value=Decimal(0), required=False)
    gpu_memory_gb = serializers.IntegerField(
        min_value=0, max_value=limits.MOST_GPU_MEMORY_GB, required=False
    )
    cpu = serializers.DecimalField(6, 2, min_value=limits.LEAST_CPU, required=False)
    memory_gb = serializers.DecimalField(8, 2, min_value=limits.LEAST_MEMORY_GB, required=False)
    nodes = serializers.IntegerField(min_value=1, max_value=MOST_NODES, required=False)
    together = serializers.BooleanField(
        required=False, help_text="All nodes in one rack, for fast links."
    )


class JobAsksSerializer(Exact):
    """What both a job and a template may hold."""

    tenant = VisibleField(queryset=Tenant.objects.all(), slug_field="slug")
    needs = NeedsSerializer(required=False)
    data_class = serializers.ChoiceField(DataClass.choices, required=False)
    region = serializers.ChoiceField(Region.choices, required=False)
    time_limit_s = serializers.IntegerField(min_value=1, max_value=MOST_SECONDS, required=False)
    priority = serializers.ChoiceField(Priority.choices, required=False)
    command = CommandField(required=False)
    image = serializers.CharField(max_length=255, required=False, allow_blank=True)
    retries = serializers.IntegerField(min_value=0, max_value=limits.MOST_RETRIES, required=False)
    datasets = serializers.ListField(
        child=serializers.CharField(max_length=200), max_length=50, required=False
    )
    checkpoint = serializers.CharField(max_length=300, required=False, allow_blank=True)
    variables = serializers.DictField(
        child=serializers.CharField(max_length=variables.LONGEST, allow_blank=True),
        required=False, help_text="No secrets: everybody in the team can read them.",
    )  # fmt: skip
    notify = serializers.BooleanField(required=False)

    def validate_variables(self, value):
        try:
            variables.check(value)
        except ValueError as wrong:
            raise serializers.ValidationError(str(wrong)) from None
        return value

    def asks(self) -> dict:
        """The values as `services` take them, without the tenant."""
        facts = dict(self.validated_data)
        facts.pop("tenant", None)
        return facts | facts.pop("needs", {})


class RecordSerializer(serializers.Serializer):
    """How good past estimates were: of so many, so many held."""

    of = serializers.IntegerField()
    held = serializers.IntegerField()


class ForecastSerializer(serializers.Serializer):
    """The answer. `why` says what stands in the way where it does not fit, `binding` what it
    would wait for; costs are null where nobody has priced the hardware."""

    fits = serializers.BooleanField()
    why = serializers.CharField()
    flavour = serializers.CharField(source="flavour.slug", allow_null=True, default=None)
    region = serializers.CharField()
    expected_start = SpanSerializer(source="start", allow_null=True)
    binding = serializers.CharField()
    ahead = serializers.IntegerField(help_text="Jobs that come first.")
    past_estimates = RecordSerializer(source="record")
    cost_per_hour = serializers.SerializerMethodField()
    cost_at_limit = serializers.SerializerMethodField()
    usual_cost = serializers.SerializerMethodField(help_text="From and to, by earlier runs.")

    @extend_schema_field(CostSerializer(allow_null=True))
    def get_cost_per_hour(self, found):
        return money(found.hour_nano, found.currency)

    @extend_schema_field(CostSerializer(allow_null=True))
    def get_cost_at_limit(self, found):
        return money(found.limit_nano, found.currency)

    @extend_schema_field(serializers.ListField(child=CostSerializer(), allow_null=True))
    def get_usual_cost(self, found):
        return found.usual_nano and [money(nano, found.currency) for nano in found.usual_nano]


class NewJobSerializer(JobAsksSerializer):
    """A job to submit. Values that are left out come from the template, if one is named."""

    name = serializers.CharField(max_length=80, required=False)
    template = VisibleField(
        queryset=Template.objects.select_related("tenant"), slug_field="slug", required=False
    )

    def validate(self, facts):
        template = facts.get("template")
        held = template.asks if template else {}
        if not facts.get("name") and not template:
            raise serializers.ValidationError({"name": ["Give the job a name."]})
        if not facts.get("command") and not held.get("command"):
            raise serializers.ValidationError({"command": ["Say what runs."]})
        return facts

    def facts(self) -> dict:
        """Everything for `services.submit` but the tenant."""
        asks = self.asks()
        template = asks.pop("template", None)
        if template:
            services.require_in_use(template)
        held = dict(template.asks) if template else {}
        name = asks.get("name") or held.get("name") or (template.name if template else "")
        if template and template.tenant_id != self.validated_data["tenant"].pk:
            template = None  # another team's: its values are taken, the job is not counted there
        return held | asks | {"name": name, "template": template}


class EstimateSerializer(NewJobSerializer):
    """A job as it would be submitted, or no more of it than what it needs."""

    def validate(self, facts):
        return facts

    def facts(self) -> dict:
        facts = super().facts()
        return facts if facts["name"] else {n: v for n, v in facts.items() if n != "name"}


class CancelSerializer(serializers.Serializer):
    """Why, in words that are kept."""

    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class PrioritySerializer(serializers.Serializer):
    """Another priority. High and urgent are given by owners and operators."""

    priority = serializers.ChoiceField(Priority.choices)


class RunSerializer(serializers.ModelSerializer):
    """One process on one machine for one stretch of time; `node` is told to operators alone."""

    attempt = serializers.IntegerField(source="attempt.number", read_only=True)
    flavour = serializers.CharField(source="flavour.slug", read_only=True)
    end = serializers.CharField(read_only=True, help_text="How it ended; empty while it runs.")
    node = serializers.SerializerMethodField()
    cost = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields = [
            "id", "attempt", "index", "node", "flavour", "units", "started_at", "ended_at", "end",
            "exit_code", "reason", "seconds", "cost",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_node(self, run):
        return run.node if self.context["request"].user.is_operator else None

    @extend_schema_field(CostSerializer(allow_null=True))
    def get_cost(self, run):
        return money(run.nano, run.currency)


class AttemptSerializer(serializers.ModelSerializer):
    """One order to the cluster."""

    class Meta:
        model = Attempt
        fields = [
            "number", "ordered_at", "ended_at", "end", "exit_code", "reason", "evictions",
        ]  # fmt: skip
        read_only_fields = fields


class HappeningSerializer(serializers.ModelSerializer):
    """One line of what happened."""

    class Meta:
        model = Happening
        fields = ["id", "at", "kind", "tone", "words"]
        read_only_fields = fields


class JobSerializer(serializers.ModelSerializer):
    """A job. `reason` says in plain words why it waits or how it ended; `cause` in one term."""

    tenant = serializers.CharField(source="tenant.slug", read_only=True)
    person = serializers.CharField(source="person.username", read_only=True)
    short_id = serializers.CharField(read_only=True)
    region = serializers.CharField(read_only=True, help_text="Empty: wherever it fits.")
    command = CommandField(read_only=True)
    needs = NeedsSerializer(source="*", read_only=True)
    variables = serializers.DictField(child=serializers.CharField(), read_only=True)
    datasets = serializers.ListField(child=serializers.CharField(), read_only=True)
    template = serializers.UUIDField(source="template_id", read_only=True, allow_null=True)
    series = serializers.UUIDField(
        read_only=True, allow_null=True, help_text="The first job of the series it came in."
    )
    cluster = serializers.CharField(source="cluster.slug", read_only=True, allow_null=True)
    flavour = serializers.CharField(source="flavour.slug", read_only=True, allow_null=True)
    queue_position = serializers.IntegerField(source="position", read_only=True, allow_null=True)
    needs_a_change = serializers.SerializerMethodField()
    expected_start = serializers.SerializerMethodField()
    cost_so_far = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = [
            "id", "short_id", "tenant", "person", "name", "status", "cause", "reason",
            "needs_a_change", "queue_position", "expected_start", "priority", "needs", "command",
            "image", "template", "series", "variables", "datasets", "data_class", "region",
            "time_limit_s", "retries", "checkpoint", "notify", "cluster", "flavour", "cost_so_far",
            "created_at", "queued_at", "started_at", "ended_at", "cancel_asked_at", "last_line",
        ]  # fmt: skip
        read_only_fields = fields

    def get_needs_a_change(self, job) -> bool:
        """Whether it waits for something that passes only when somebody changes something."""
        return self.context["stuck"](job)

    @extend_schema_field(SpanSerializer(allow_null=True))
    def get_expected_start(self, job):
        told = self.context.get("starts", {}).get(job.pk)
        return SpanSerializer(told).data if told else None

    @extend_schema_field(CostSerializer(allow_null=True))
    def get_cost_so_far(self, job):
        return money(*self.context.get("costs", {}).get(job.pk, (None, "")))


class JobDetailSerializer(JobSerializer):
    """A job with its tries and where they ran."""

    attempts = AttemptSerializer(many=True, read_only=True)
    runs = RunSerializer(many=True, read_only=True)

    class Meta(JobSerializer.Meta):
        fields = [*JobSerializer.Meta.fields, "attempts", "runs"]
        read_only_fields = fields


class TemplateSerializer(serializers.ModelSerializer):
    """What a team keeps to run again. `asks` holds values of a job by name."""

    tenant = serializers.CharField(source="tenant.slug", read_only=True)
    person = serializers.CharField(source="person.username", read_only=True)
    asks = serializers.DictField(read_only=True)

    class Meta:
        model = Template
        fields = [
            "id", "slug", "tenant", "name", "description", "asks", "person", "created_at",
            "archived_at",
        ]  # fmt: skip
        read_only_fields = fields


class NewTemplateSerializer(JobAsksSerializer):
    """A template to keep: a name, and whatever a job may hold."""

    name = serializers.CharField(max_length=80)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True)


class ChangedTemplateSerializer(NewTemplateSerializer):
    """Changes of a template; its tenant stays."""

    tenant = None
    name = serializers.CharField(max_length=80, required=False)
