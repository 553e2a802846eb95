"""Prices, usage, statements and corrections as JSON: money as decimal text with its currency."""

import uuid

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.api.base import VisibleField
from tenants.chargeback.amounts import decimal_text
from tenants.chargeback.models import HARDWARE_METERS, Call, Meter, Posting, Price, Statement
from tenants.chargeback.papers import number_of
from tenants.chargeback.services.prices import CURRENCIES, HIGHEST, LARGEST_UNIT, unpriced
from tenants.chargeback.services.statements import KINDS
from tenants.chargeback.services.usage import GROUPS, HARDWARE_GROUPS
from tenants.chargeback.windows import wrong_days
from tenants.directory.models import Tenant


def groups_of(value: str, known) -> list[str]:
    """What to add up by: names with commas between, each one of `known`."""
    names = list(dict.fromkeys(part.strip() for part in value.split(",")))
    if not set(names) <= set(known):
        raise serializers.ValidationError(f"Choose some of {', '.join(known)}.")
    return names


MONEY = {"type": "string", "format": "decimal", "examples": ["18.40"]}


@extend_schema_field(MONEY)
class Amount(serializers.Field):
    """Nano-units as exact decimal text."""

    def __init__(self, **kwargs):
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value) -> str | None:
        return decimal_text(value)


@extend_schema_field({"type": "string", "pattern": r"^\d{4}-\d{2}$", "examples": ["2026-11"]})
class Month(serializers.DateField):
    """A month, to read."""


class Slug(serializers.SlugRelatedField):
    """The slug or name of a row, to read."""

    def __init__(self, name: str = "slug", **kwargs):
        super().__init__(slug_field=name, read_only=True, **kwargs)


class PriceSerializer(serializers.ModelSerializer):
    """One version of a price; `amount` of `currency` for each `per` units of `meter`."""

    model = serializers.CharField(source="model_slug", read_only=True)
    tenant = Slug()
    amount = Amount(source="unit_nano")

    class Meta:
        model = Price
        fields = [
            "id", "model", "model_id", "tenant", "meter", "version", "amount", "per", "currency",
            "valid_from", "valid_to",
        ]  # fmt: skip
        read_only_fields = fields


class NewPriceSerializer(serializers.Serializer):
    """The next version; what is left out stays as it is."""

    model = serializers.CharField(
        max_length=80,
        help_text="Slug or id of a model with a price, or of a kind of hardware; its first price "
        "is set by its id.",
    )
    amount = serializers.DecimalField(
        max_digits=20, decimal_places=9, min_value=0, max_value=HIGHEST
    )
    per = serializers.IntegerField(min_value=1, max_value=LARGEST_UNIT, required=False)
    meter = serializers.ChoiceField(Meter.choices, required=False)
    currency = serializers.ChoiceField([(c, c) for c in CURRENCIES], required=False)

    def validate_model(self, value: str) -> Price:
        """The price in force that is to be followed."""
        seen = Price.objects.visible_to(self.context["request"].user).in_force()
        try:
            wanted = uuid.UUID(value)
            found = seen.filter(model_id=wanted).first()
            found = found or unpriced(self.context["request"].user, wanted)
        except ValueError:
            found = seen.filter(model_slug=value).first()
        if found is None:
            raise serializers.ValidationError(
                f"There is no price of {value} that you may see. A model gets its first price "
                "when it is published."
            )
        return found


class UsageQuerySerializer(serializers.Serializer):
    """What to add up: days in UTC, both ends included; from the first of the month by default."""

    group_by = serializers.CharField(
        required=False,
        default="day,model",
        max_length=60,
        help_text=f"Some of {', '.join(GROUPS)}, with commas between.",
    )
    since = serializers.DateField(required=False)
    until = serializers.DateField(required=False)
    tenant = VisibleField(queryset=Tenant.objects.all(), slug_field="slug", required=False)
    model = serializers.CharField(max_length=80, required=False)
    key = serializers.UUIDField(required=False)
    environment = serializers.CharField(max_length=12, required=False)

    def validate_group_by(self, value: str) -> list[str]:
        return groups_of(value, GROUPS)

    def validate(self, attrs: dict) -> dict:
        if wrong := wrong_days(attrs.get("since"), attrs.get("until")):
            raise serializers.ValidationError(wrong)
        return attrs


class HardwareQuerySerializer(serializers.Serializer):
    """Which time on hardware to add up: days in UTC on which it was charged, both included."""

    group_by = serializers.CharField(
        required=False,
        default="day,hardware",
        max_length=60,
        help_text=f"Some of {', '.join(HARDWARE_GROUPS)}, with commas between.",
    )
    since = serializers.DateField(required=False)
    until = serializers.DateField(required=False)
    tenant = VisibleField(queryset=Tenant.objects.all(), slug_field="slug", required=False)
    hardware = serializers.CharField(max_length=80, required=False)
    job = serializers.UUIDField(required=False)

    def validate_group_by(self, value: str) -> list[str]:
        return groups_of(value, HARDWARE_GROUPS)

    def validate(self, attrs: dict) -> dict:
        if wrong := wrong_days(attrs.get("since"), attrs.get("until")):
            raise serializers.ValidationError(wrong)
        return attrs


class HardwareRowSerializer(serializers.Serializer):
    """Time on hardware added up; only the groups that were asked for are there."""

    day = serializers.DateField(required=False)
    hardware = serializers.CharField(source="subject", required=False)
    hardware_id = serializers.UUIDField(source="subject_id", required=False)
    job = serializers.UUIDField(source="key_id", required=False)
    tenant = serializers.CharField(required=False)
    meter = serializers.ChoiceField(HARDWARE_METERS)
    runs = serializers.IntegerField()
    unit_seconds = serializers.DecimalField(
        20, 6, source="quantity", help_text="GPUs or cores times seconds, refunds taken off."
    )
    amount = Amount(source="nano")
    currency = serializers.CharField()


class UsageRowSerializer(serializers.Serializer):
    """Calls added up; only the groups that were asked for are there."""

    day = serializers.DateField(required=False)
    model = serializers.CharField(source="model_slug", required=False)
    model_id = serializers.UUIDField(required=False)
    key = serializers.UUIDField(source="key_id", required=False)
    environment = serializers.CharField(required=False)
    tenant = serializers.CharField(required=False)
    calls = serializers.IntegerField(help_text="Answered.")
    failed = serializers.IntegerField(help_text="Not answered, and not paid.")
    estimated = serializers.IntegerField(help_text="Paid as reserved, because the end is unknown.")
    quantity = serializers.IntegerField(help_text="Predictions.")
    amount = Amount(source="nano")
    currency = serializers.CharField()


class CallSerializer(serializers.ModelSerializer):
    """One call; `ended_as` is empty while it is open."""

    tenant = Slug()
    model = serializers.CharField(source="model_slug", read_only=True)
    key = serializers.UUIDField(source="key_id", read_only=True)
    amount = Amount(source="amount_nano")

    class Meta:
        model = Call
        fields = [
            "id", "tenant", "model", "version", "environment", "protocol", "key", "started_at",
            "ended_at", "ended_as", "http_status", "latency_ms", "quantities", "amount",
            "currency",
        ]  # fmt: skip
        read_only_fields = fields


class StatementSerializer(serializers.ModelSerializer):
    """A month of one tenant; `total` of an open one is what it comes to now."""

    number = serializers.SerializerMethodField()
    tenant = Slug()
    period = Month(format="%Y-%m", read_only=True)
    total = serializers.SerializerMethodField()
    closed_by = Slug("username", allow_null=True)
    certificate = serializers.DictField(read_only=True)

    class Meta:
        model = Statement
        fields = [
            "id", "number", "tenant", "period", "status", "currency", "total", "closed_at",
            "closed_by", "certificate",
        ]  # fmt: skip
        read_only_fields = fields

    def get_number(self, row: Statement) -> str:
        return number_of(row.tenant, row.period)

    @extend_schema_field(MONEY)
    def get_total(self, row: Statement) -> str | None:
        return decimal_text(self.context.get("totals", {}).get(row.pk, row.total_nano))


class LineSerializer(serializers.Serializer):
    """A line of a statement: usage at one version of a price, hardware and refunds of it likewise
    (`runs` and `unit_seconds` in place of `calls` and `quantity`), or a correction."""

    kind = serializers.ChoiceField([(kind, kind) for kind in KINDS])
    model = serializers.CharField()
    meter = serializers.CharField(required=False)
    price_version = serializers.IntegerField(required=False)
    price = serializers.CharField(required=False)
    per = serializers.IntegerField(required=False)
    calls = serializers.IntegerField(required=False)
    estimated = serializers.IntegerField(required=False)
    quantity = serializers.IntegerField(required=False)
    runs = serializers.IntegerField(required=False)
    unit_seconds = serializers.CharField(required=False, help_text="GPUs or cores times seconds.")
    amount = Amount(source="nano")
    currency = serializers.CharField()
    note = serializers.CharField(required=False)
    corrects = serializers.UUIDField(required=False)
    at = serializers.DateTimeField(required=False)


class CorrectionSerializer(serializers.ModelSerializer):
    """A correction as it stands in the ledger of the tenant that pays."""

    id = serializers.UUIDField(source="transaction", read_only=True)
    call = serializers.UUIDField(source="corrects", read_only=True)
    tenant = Slug()
    model = serializers.CharField(source="subject", read_only=True)
    period = Month(format="%Y-%m", read_only=True)
    amount = Amount(source="nano")

    class Meta:
        model = Posting
        fields = ["id", "call", "tenant", "model", "period", "at", "amount", "currency", "note"]
        read_only_fields = fields


class NewCorrectionSerializer(serializers.Serializer):
    """Money for one call: a negative `amount` gives back, a positive one charges."""

    call = serializers.UUIDField()
    amount = serializers.DecimalField(
        max_digits=18, decimal_places=9, min_value=-100_000_000, max_value=100_000_000
    )
    note = serializers.CharField(max_length=500)
