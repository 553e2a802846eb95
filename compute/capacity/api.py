"""REST: clusters, kinds of hardware, nodes, what fits, and who may have how much."""

from dataclasses import asdict

from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.response import Response

from compute.capacity import figures, services
from compute.capacity import serializers as shapes
from compute.capacity.models import Cluster, GpuFlavour, Node, Queue, Quota
from compute.capacity.services import Terms
from portal.api.base import ReadOnly, Resource, slug_or_id
from tenants.directory.models import Tenant


class Reads(ReadOnly):
    """A resource whose verbs read a body and show the row as it is then."""

    def read(self, shape) -> dict:
        body = shape(data=self.request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    def shown(self, row) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=row.pk)).data)


class Clusters(Reads):
    """Where jobs run, by slug or id."""

    queryset = Cluster.objects.select_related("provider")
    serializer_class = shapes.ClusterSerializer
    ordering_fields = ["slug", "seen_at"]

    def get_object(self):
        return get_object_or_404(self.get_queryset(), **slug_or_id(self.kwargs["pk"]))

    @extend_schema(request=shapes.TurnSerializer, responses=shapes.ClusterSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request, pk=None):
        """Let no new jobs come here; what waits or runs goes on. Operators only."""
        cluster, given = self.get_object(), self.read(shapes.TurnSerializer)
        services.close_cluster(cluster, by=request.user, note=given["reason"])
        return self.shown(cluster)

    @extend_schema(request=None, responses=shapes.ClusterSerializer)
    @action(detail=True, methods=["post"])
    def open(self, request, pk=None):
        """Let new jobs come here again. Operators only."""
        cluster = services.open_cluster(self.get_object(), by=request.user)
        return self.shown(cluster)


class FlavourFilter(filters.FilterSet):
    cluster = filters.CharFilter(field_name="cluster__slug")
    region = filters.CharFilter()
    memory_gb = filters.NumberFilter(lookup_expr="gte", min_value=0, max_value=2**31 - 1)

    class Meta:
        model = GpuFlavour
        fields: list[str] = []


class Flavours(ReadOnly):
    """Kinds of hardware; `memory_gb` narrows to GPUs with at least so much."""

    queryset = GpuFlavour.objects.select_related("cluster")
    serializer_class = shapes.FlavourSerializer
    filterset_class = FlavourFilter
    ordering_fields = ["slug", "memory_gb", "generation"]

    def get_serializer_context(self):
        asked = not getattr(self, "swagger_fake_view", False)  # a description has no rows
        prices = figures.prices_now() if asked else {}
        return super().get_serializer_context() | {"prices": prices}


class NodeFilter(filters.FilterSet):
    cluster = filters.CharFilter(field_name="cluster__slug")
    flavour = filters.CharFilter(field_name="flavour__slug")
    ready = filters.BooleanFilter()
    gone = filters.BooleanFilter(field_name="gone_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Node
        fields: list[str] = []


class Nodes(ReadOnly):
    """Machines, with who works on them: for operators, and those who prove things."""

    queryset = Node.objects.select_related("cluster", "flavour")
    serializer_class = shapes.NodeSerializer
    filterset_class = NodeFilter
    ordering_fields = ["name", "held", "seen_at"]


class QueueFilter(filters.FilterSet):
    cluster = filters.CharFilter(field_name="cluster__slug")
    tenant = filters.CharFilter(field_name="tenant__slug")

    class Meta:
        model = Queue
        fields: list[str] = []


class Queues(Reads):
    """Places of tenants in clusters: one's own, all for the platform roles."""

    queryset = Queue.objects.select_related("tenant", "cluster")
    serializer_class = shapes.QueueSerializer
    filterset_class = QueueFilter
    ordering_fields = ["weight", "created_at"]

    @extend_schema(request=shapes.WeightSerializer, responses=shapes.QueueSerializer)
    def partial_update(self, request, pk=None):
        """Change the weight. Operators only."""
        queue, given = self.get_object(), self.read(shapes.WeightSerializer)
        services.set_weight(queue, by=request.user, weight=given["weight"])
        return self.shown(queue)

    @extend_schema(request=None, responses=shapes.QueueSerializer)
    @action(detail=True, methods=["post"])
    def join(self, request, pk=None):
        """Give a tenant its place back. Operators only."""
        queue = self.get_object()
        return self.shown(services.join(queue.tenant, queue.cluster, by=request.user))

    @extend_schema(request=shapes.TurnSerializer, responses=shapes.QueueSerializer)
    @action(detail=True, methods=["post"])
    def leave(self, request, pk=None):
        """Take a tenant's place: new jobs of it go elsewhere. Operators only."""
        queue, given = self.get_object(), self.read(shapes.TurnSerializer)
        return self.shown(services.leave(queue, by=request.user, note=given["reason"]))


class QuotaFilter(filters.FilterSet):
    cluster = filters.CharFilter(field_name="flavour__cluster__slug")
    flavour = filters.CharFilter(field_name="flavour__slug")
    tenant = filters.CharFilter(field_name="tenant__slug")

    class Meta:
        model = Quota
        fields: list[str] = []


class Quotas(Reads):
    """What tenants have of each flavour: one's own, all for the platform roles."""

    queryset = Quota.objects.select_related(
        "tenant", "flavour__cluster", "queue__tenant", "queue__cluster"
    )
    serializer_class = shapes.QuotaSerializer
    filterset_class = QuotaFilter
    ordering_fields = ["guaranteed", "created_at"]

    @extend_schema(request=shapes.QuotaTermsSerializer, responses=shapes.QuotaSerializer)
    def partial_update(self, request, pk=None):
        """Change a quota; the cluster is told within seconds. Operators only."""
        quota = self.get_object()
        terms, reason = self.terms(quota)
        services.set_quota(
            quota.queue, quota.flavour, by=request.user, reason=reason, **asdict(terms)
        )
        return self.shown(quota)

    @extend_schema(request=shapes.QuotaTermsSerializer, responses=shapes.QuotaPreviewSerializer)
    @action(detail=True, methods=["post"])
    def preview(self, request, pk=None):
        """What a change would do; changes nothing. Operators only."""
        quota = self.get_object()
        terms, reason = self.terms(quota)
        told = services.preview_for(
            quota.queue, quota.flavour, terms, by=request.user, reason=reason
        )
        return Response(shapes.QuotaPreviewSerializer(told).data)

    def terms(self, quota: Quota) -> tuple[Terms, str]:
        """The quota with what was sent, and the reason."""
        given = self.read(shapes.QuotaTermsSerializer)
        reason = given.pop("reason")
        kept = {name: getattr(quota, name) for name in ("guaranteed", "borrow", "lend")}
        return Terms(**kept | given), reason


class Placeable(Resource):
    """The largest jobs that fit now, by flavour."""

    queryset = GpuFlavour.objects.select_related("cluster")
    serializer_class = shapes.PlaceableSerializer
    filterset_class = FlavourFilter

    def list(self, request):
        """What fits in each flavour: on one node, on several, and within one's share."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        mine = [tenant.slug for tenant in Tenant.objects.joined_by(request.user)]
        rows = [_places(kind, mine) for kind in figures.kinds(page)]
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)


def _places(kind: figures.Kind, tenants: list[str]) -> dict:
    return {
        "flavour": kind.flavour.slug,
        "cluster": kind.flavour.cluster.slug,
        "unit": kind.flavour.unit,
        "total": kind.total,
        "free": kind.free,
        "gpus_one_node": kind.largest,
        "sizes": [dict(zip(("size", "places", "nodes"), row, strict=True)) for row in kind.sizes],
        "yours": {each: min(int(kind.room_for(each)), kind.largest) for each in tenants},
    }
