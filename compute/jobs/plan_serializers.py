"""Pipelines as programs read and start them."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from compute.jobs import definition_text
from compute.jobs.definition_text import MOST_TEXT
from compute.jobs.definitions import Flawed
from compute.jobs.models import Pipeline, Step
from compute.jobs.serializers import Exact
from portal.api.base import VisibleField
from tenants.directory.models import Tenant


class StepSerializer(serializers.ModelSerializer):
    """One step: what it needs, what it runs, and the job that counts now."""

    status = serializers.SerializerMethodField()
    job = serializers.UUIDField(source="job_id", allow_null=True, read_only=True)

    class Meta:
        model = Step
        fields = ["slug", "name", "after", "inputs", "outputs", "asks", "job", "status"]
        read_only_fields = fields

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_status(self, step) -> str | None:
        return step.job.status if step.job else None


class PipelineSerializer(serializers.ModelSerializer):
    """A pipeline as a list shows it."""

    tenant = serializers.CharField(source="tenant.slug", read_only=True)
    person = serializers.CharField(source="person.username", read_only=True)

    class Meta:
        model = Pipeline
        fields = ["id", "name", "tenant", "person", "status", "reason", "created_at", "ended_at"]
        read_only_fields = fields


class PipelineDetailSerializer(PipelineSerializer):
    """A pipeline with its steps, those that are needed first."""

    steps = StepSerializer(many=True, read_only=True)

    class Meta(PipelineSerializer.Meta):
        fields = [*PipelineSerializer.Meta.fields, "steps"]
        read_only_fields = fields


class NewPipelineSerializer(Exact):
    """A name and steps, or the same as YAML in `definition`."""

    tenant = VisibleField(queryset=Tenant.objects.all(), slug_field="slug")
    name = serializers.CharField(max_length=80, required=False)
    steps = serializers.ListField(
        child=serializers.DictField(), required=False,
        help_text="Each has a slug, a command, and as it needs: name, after, inputs, outputs, "
        "needs, and other fields of a job.",
    )  # fmt: skip
    definition = serializers.CharField(
        max_length=MOST_TEXT, required=False, trim_whitespace=False,
        help_text="YAML or JSON with name and steps, in place of the two.",
    )  # fmt: skip

    def validate(self, facts):
        if "definition" in facts:
            facts |= self._read(facts.pop("definition"))
        if not facts.get("name"):
            raise serializers.ValidationError({"name": ["Give the pipeline a name."]})
        return facts

    def _read(self, text: str) -> dict:
        try:
            written = definition_text.read(text)
        except Flawed as flawed:
            told = [f"Line {flaw.place[1]}: {flaw.words}" for flaw in flawed.flaws]
            raise serializers.ValidationError({"definition": told}) from None
        return {"name": str(written.data.get("name") or "")[:81], "steps": written.steps}


class RestartSerializer(serializers.Serializer):
    """From which step on; all that failed when left out."""

    from_step = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
