"""What models and versions look like in the REST API."""

import json
from functools import cached_property, lru_cache
from types import SimpleNamespace

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from marketplace.catalog.completeness import completeness
from marketplace.catalog.examples import example_requests
from marketplace.catalog.models import (
    AIModel,
    DataClass,
    External,
    ModelVersion,
    Stage,
    Visibility,
)
from marketplace.catalog.prefill import LONGEST_CARD
from marketplace.catalog.rows import SHORT
from portal.api.base import VisibleField
from portal.api.shapes import Quick
from tenants.chargeback.models import Meter, Price
from tenants.directory.models import Region, Tenant
from tenants.directory.roles import TenantRole


@lru_cache(maxsize=2048)
def _examples(slug: str, facts: str) -> dict:
    """Made once for a page that is asked for often; nobody changes what this returns."""
    signature, example = json.loads(facts)
    return example_requests(slug, SimpleNamespace(signature=signature, input_example=example))


class PriceInForceSerializer(Quick, serializers.ModelSerializer):
    """What the use of a model costs now: `amount` of `currency` for each `per` units."""

    amount = serializers.DecimalField(max_digits=20, decimal_places=9, normalize_output=True)

    class Meta:
        model = Price
        fields = ["amount", "currency", "per", "meter", "version", "valid_from"]
        read_only_fields = fields


class ExampleSerializer(serializers.Serializer):
    """A request that is ready to send to the gateway."""

    method = serializers.CharField()
    path = serializers.CharField()
    body = serializers.JSONField()


class ExternalSerializer(Quick, serializers.ModelSerializer):
    """Where a reference comes from; it is described here and served elsewhere."""

    facts = serializers.DictField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = External
        fields = ["source", "key", "version", "url", "facts"]
        read_only_fields = fields


class ItemSerializer(Quick, serializers.Serializer):
    """One thing that a complete card has, with its points."""

    field = serializers.CharField()
    words = serializers.CharField()
    points = serializers.IntegerField()
    done = serializers.BooleanField()


class CompletenessSerializer(Quick, serializers.Serializer):
    """Points of 100, and what they add up from."""

    score = serializers.IntegerField()
    items = ItemSerializer(many=True)


class ModelSerializer(Quick, serializers.ModelSerializer):
    """A model of the catalogue. Publishers of its tenant may change what can be typed."""

    tenant = serializers.SlugRelatedField(slug_field="slug", read_only=True, allow_null=True)
    name = serializers.CharField(max_length=120)
    summary = serializers.CharField(max_length=240, allow_blank=True)
    card = serializers.CharField(
        max_length=LONGEST_CARD, allow_blank=True, trim_whitespace=False, help_text="Markdown."
    )
    data_class = serializers.ChoiceField(DataClass.choices, allow_blank=True)
    stage = serializers.ChoiceField(Stage.choices, allow_blank=True)
    region = serializers.ChoiceField(Region.choices, allow_blank=True)
    price = PriceInForceSerializer(read_only=True, allow_null=True)
    external = serializers.SerializerMethodField()
    can_use = serializers.BooleanField(source="usable", read_only=True)
    example_requests = serializers.SerializerMethodField()
    completeness = serializers.SerializerMethodField()
    registry_gone_at = serializers.DateTimeField(read_only=True, allow_null=True)

    class Meta:
        model = AIModel
        fields = [
            *("id", "slug", "name", "tenant", "status", "stage", "visibility", "summary", "card"),
            *("task", "framework", "licence", "data_class", "region", "contact", "tags"),
            *("followed_version", "version_pinned", "price", "can_use", "example_requests"),
            "completeness",
            *("external", "proposed_tenant", "registry_name", "registry_gone_at"),
            *("published_at", "created_at", "changed_at"),
        ]
        read_only_fields = [
            *("id", "slug", "status", "visibility", "tags", "followed_version", "version_pinned"),
            *("proposed_tenant", "registry_name", "published_at", "created_at", "changed_at"),
        ]

    @cached_property
    def _external(self) -> ExternalSerializer:
        return ExternalSerializer()

    @cached_property
    def _complete(self) -> CompletenessSerializer:
        return CompletenessSerializer()

    @extend_schema_field(ExternalSerializer(allow_null=True))
    def get_external(self, model) -> dict | None:
        """For a model with status `reference`; null for all others."""
        return self._external.to_representation(model.external) if model.is_reference else None

    @extend_schema_field(CompletenessSerializer(allow_null=True))
    def get_completeness(self, model) -> dict | None:
        """How complete the card is, for publishers of the model alone."""
        if not self.context["request"].user.may(TenantRole.PUBLISHER, model.tenant):
            return None
        return self._complete.to_representation(completeness(model))

    @extend_schema_field(serializers.DictField(child=ExampleSerializer()))
    def get_example_requests(self, model) -> dict:
        """By protocol, for a version that can be served; empty otherwise."""
        version = model.default_version
        if version is None or not version.servable:
            return {}
        if len(version.facts) > SHORT:
            return example_requests(model.slug, version)
        return _examples(model.slug, version.facts)


@extend_schema_field({})
class AnyJson(serializers.JSONField):
    """Whatever the registry holds, or null."""


class ModelVersionSerializer(serializers.ModelSerializer):
    """One version as the registry has it."""

    is_default = serializers.SerializerMethodField()
    servable = serializers.BooleanField(read_only=True)
    signature = AnyJson(read_only=True)
    input_example = AnyJson(read_only=True)

    class Meta:
        model = ModelVersion
        fields = [
            *("id", "number", "is_default", "servable", "registry_status", "description", "tags"),
            *("aliases", "metrics", "parameters", "signature", "input_example", "dependencies"),
            *("flavours", "python_version", "size_bytes", "run_id", "trained_by"),
            *("registered_at", "gone_at", "problems"),
        ]
        read_only_fields = fields

    def get_is_default(self, version) -> bool:
        return version.number == self.context.get("followed")


class PublishSerializer(serializers.Serializer):
    """Who finds the model, and its price; without `amount` the price in force stays."""

    visibility = serializers.ChoiceField(Visibility.choices)
    tenants = VisibleField(
        queryset=Tenant.objects.all(), slug_field="slug", many=True, required=False
    )
    amount = serializers.DecimalField(
        max_digits=18, decimal_places=9, min_value=0, required=False, allow_null=True
    )
    per = serializers.IntegerField(min_value=1, max_value=1_000_000_000, default=1000)
    meter = serializers.ChoiceField(Meter.of_models(), default=Meter.PREDICTIONS)
    currency = serializers.RegexField(r"^[A-Z]{3}$", required=False)


class ClaimSerializer(serializers.Serializer):
    """Whose the model is."""

    tenant = VisibleField(queryset=Tenant.objects.all(), slug_field="slug")


class RetireSerializer(serializers.Serializer):
    """Why it leaves the catalogue."""

    note = serializers.CharField(max_length=1000)
