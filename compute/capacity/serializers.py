"""Hardware and its shares as programs read them, and order them."""

from decimal import Decimal

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from compute.capacity.figures import HOUR
from compute.capacity.models import Cluster, GpuFlavour, Node, Queue, Quota

AMOUNT = {"max_digits": 8, "decimal_places": 2}
OPTIONAL = AMOUNT | {"min_value": Decimal(0), "required": False, "allow_null": True}


class ClusterSerializer(serializers.ModelSerializer):
    """Somewhere jobs run. `reachable` is null until it was looked at; `seen_at` is when it last
    answered. `drift` lists what was found to be other than ordered, to those who see nodes."""

    provider = serializers.CharField(source="provider.slug", read_only=True)
    drift = serializers.SerializerMethodField()

    class Meta:
        model = Cluster
        fields = [
            "id", "slug", "name", "region", "engine", "provider", "open", "reachable", "reason",
            "version", "seen_at", "applied_at", "drift",
        ]  # fmt: skip
        read_only_fields = fields

    def get_drift(self, cluster) -> list[dict[str, str]]:
        user = self.context["request"].user
        if not (user.is_operator or user.reads_trail):
            return []
        return [{name: str(value or "") for name, value in row.items()} for row in cluster.drift]


class PriceSerializer(serializers.Serializer):
    """What one GPU (one core where there are none) costs for an hour."""

    amount = serializers.DecimalField(max_digits=20, decimal_places=9)
    currency = serializers.CharField()


class FlavourSerializer(serializers.ModelSerializer):
    """A kind of hardware in one cluster. `unit` is what its quotas count: GPU or core."""

    cluster = serializers.CharField(source="cluster.slug", read_only=True)
    unit = serializers.ChoiceField(choices=["GPU", "core"], read_only=True)
    hourly = serializers.SerializerMethodField()

    class Meta:
        model = GpuFlavour
        fields = [
            "id", "slug", "name", "cluster", "region", "product", "memory_gb", "generation",
            "parts", "unit", "hourly", "seen_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(PriceSerializer(allow_null=True))
    def get_hourly(self, flavour) -> dict | None:
        price = self.context["prices"].get(flavour.pk)
        if price is None:
            return None
        amount = Decimal(price.nano_for(HOUR)).scaleb(-9)
        each = {"amount": amount, "currency": price.currency}
        return PriceSerializer(each).data


class HoldingSerializer(serializers.Serializer):
    """A job's hold on a node: the name of its attempt, its tenant, and how much of it."""

    job = serializers.CharField()
    tenant = serializers.CharField()
    gpus = serializers.DecimalField(max_digits=8, decimal_places=3)


class NodeSerializer(serializers.ModelSerializer):
    """A machine as last seen. `held` and `free` count GPUs, or cores where it has none."""

    cluster = serializers.CharField(source="cluster.slug", read_only=True)
    flavour = serializers.CharField(source="flavour.slug", read_only=True, allow_null=True)
    free = serializers.DecimalField(max_digits=9, decimal_places=3, read_only=True)
    holdings = HoldingSerializer(many=True, read_only=True)

    class Meta:
        model = Node
        fields = [
            "id", "name", "cluster", "flavour", "gpus", "cpu", "memory_mb", "region", "block",
            "rack", "ready", "open", "held", "free", "holdings", "seen_at", "gone_at",
        ]  # fmt: skip
        read_only_fields = fields


class QueueSerializer(serializers.ModelSerializer):
    """A tenant's place in a cluster; `open` tells whether its jobs may come here."""

    tenant = serializers.CharField(source="tenant.slug", read_only=True)
    cluster = serializers.CharField(source="cluster.slug", read_only=True)

    class Meta:
        model = Queue
        fields = ["id", "tenant", "cluster", "weight", "open", "created_at"]
        read_only_fields = fields


class WeightSerializer(serializers.Serializer):
    """The tenant's part of what is borrowed, beside others: 2 gets twice as much as 1."""

    weight = serializers.DecimalField(
        max_digits=6, decimal_places=2, min_value=Decimal("0.01"), max_value=Decimal(1000)
    )


class NoteSerializer(serializers.Serializer):
    """Why, for the trail."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=500, default="")


class QuotaSerializer(serializers.ModelSerializer):
    """What one tenant has of one flavour, in GPUs (cores where there are none). Null is as much
    as there is."""

    tenant = serializers.CharField(source="tenant.slug", read_only=True)
    cluster = serializers.CharField(source="flavour.cluster.slug", read_only=True)
    flavour = serializers.CharField(source="flavour.slug", read_only=True)
    queue = serializers.UUIDField(source="queue_id", read_only=True)

    class Meta:
        model = Quota
        fields = ["id", "tenant", "cluster", "flavour", "queue", "guaranteed", "borrow", "lend"]
        read_only_fields = fields


class TermsSerializer(serializers.Serializer):
    """A new quota. What is left out stays as it is; null is as much as there is. More guaranteed
    to all together than there is needs a `reason`."""

    guaranteed = serializers.DecimalField(**AMOUNT, min_value=Decimal(0), required=False)
    borrow = serializers.DecimalField(**OPTIONAL)
    lend = serializers.DecimalField(**OPTIONAL)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=500, default="")


class ConsequenceSerializer(serializers.Serializer):
    """One thing that would come of a change; `tone` is ok, warn or bad."""

    words = serializers.CharField()
    tone = serializers.ChoiceField(choices=["ok", "warn", "bad"])


class PreviewSerializer(serializers.Serializer):
    """What would come of a change. `refused` says why it cannot be, empty where it can; `over` is
    how much more than there is would be guaranteed."""

    refused = serializers.CharField()
    lines = ConsequenceSerializer(many=True)
    over = serializers.DecimalField(**AMOUNT)


class PlacesSerializer(serializers.Serializer):
    """For so many GPUs (cores): one-node jobs that fit side by side, and the nodes that one job
    of that size on each could have."""

    size = serializers.IntegerField()
    places = serializers.IntegerField()
    nodes = serializers.IntegerField()


class PlaceableSerializer(serializers.Serializer):
    """What fits in a flavour now. `gpus_one_node` is the largest job on one node. `yours` tells
    for each of the caller's tenants how much of that its share lets start at once."""

    flavour = serializers.CharField()
    cluster = serializers.CharField()
    unit = serializers.ChoiceField(choices=["GPU", "core"])
    total = serializers.DecimalField(max_digits=12, decimal_places=3)
    free = serializers.DecimalField(max_digits=12, decimal_places=3)
    gpus_one_node = serializers.IntegerField()
    sizes = PlacesSerializer(many=True)
    yours = serializers.DictField(child=serializers.IntegerField())
