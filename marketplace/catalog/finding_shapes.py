"""What saved views, wishes and synonyms look like in the REST API."""

from rest_framework import serializers

from marketplace.catalog.index import Synonym
from marketplace.catalog.models import AIModel
from marketplace.catalog.wishes import SavedView, WantedModel
from portal.api.base import VisibleField
from tenants.directory.models import Tenant


class SavedViewSerializer(serializers.ModelSerializer):
    """A search with its filters, under a name. `query` is that of `/models/?…`."""

    name = serializers.CharField(max_length=60)
    query = serializers.CharField(max_length=2000, allow_blank=True)
    replace = serializers.BooleanField(
        write_only=True, default=False, help_text="Whether a view of this name is given up for it."
    )
    address = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = SavedView
        fields = ["id", "name", "query", "replace", "address", "created_at"]
        read_only_fields = ["id", "created_at"]


class SynonymSerializer(serializers.ModelSerializer):
    """Words and short phrases that mean the same to a search."""

    terms = serializers.ListField(
        child=serializers.CharField(max_length=60), min_length=2, max_length=20
    )
    changed_by = serializers.SlugRelatedField(
        slug_field="username", read_only=True, allow_null=True
    )

    class Meta:
        model = Synonym
        fields = ["id", "terms", "changed_at", "changed_by"]
        read_only_fields = ["id", "changed_at"]


class WantedModelSerializer(serializers.ModelSerializer):
    """A model that a team needs and does not find."""

    tenant = VisibleField(queryset=Tenant.objects.all(), slug_field="slug")
    title = serializers.CharField(max_length=120)
    need = serializers.CharField(max_length=2000)
    searched = serializers.CharField(max_length=200, required=False, allow_blank=True)
    expected_calls_per_month = serializers.IntegerField(
        min_value=1, max_value=2_000_000_000, required=False, allow_null=True
    )
    requester = serializers.SlugRelatedField(slug_field="username", read_only=True)
    model = serializers.SerializerMethodField()

    class Meta:
        model = WantedModel
        fields = [
            *("id", "tenant", "requester", "title", "need", "searched"),
            *("expected_calls_per_month", "status", "model", "answer", "answered_at"),
            "created_at",
        ]
        read_only_fields = ["id", "status", "answer", "answered_at", "created_at"]

    def get_model(self, wanted) -> str | None:
        """The slug of the model that meets it."""
        if wanted.model_id is None:
            return None
        seen = AIModel.objects.visible_to(self.context["request"].user)
        return seen.filter(pk=wanted.model_id).values_list("slug", flat=True).first()


class AnswerSerializer(serializers.Serializer):
    """What is said to a wish."""

    answer = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class MeetSerializer(AnswerSerializer):
    """The model that does what was asked for."""

    model = VisibleField(queryset=AIModel.objects.all(), slug_field="slug")


class DeclineSerializer(serializers.Serializer):
    """Why not."""

    answer = serializers.CharField(max_length=1000)
