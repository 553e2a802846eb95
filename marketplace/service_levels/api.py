"""REST: service levels, promised and measured."""

from django.db.models import Q
from django.http import Http404
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from marketplace.catalog.services import require_publisher
from marketplace.service_levels import services, story
from marketplace.service_levels.models import Target
from marketplace.service_levels.serializers import ServiceLevelSerializer
from portal.api.base import ReadOnly, slug_or_id


class ServiceLevelFilter(filters.FilterSet):
    model = filters.CharFilter(field_name="model__slug")
    tenant = filters.CharFilter(field_name="model__tenant__slug")

    class Meta:
        model = Target
        fields: list[str] = []


class ServiceLevels(ReadOnly):
    """What each model that you may see promises, and what was measured. By model slug or id."""

    queryset = Target.objects.order_by("model__slug")
    serializer_class = ServiceLevelSerializer
    filterset_class = ServiceLevelFilter
    ordering_fields = ["model__slug", "changed_at"]
    lookup_url_kwarg = "slug"

    def get_queryset(self):
        rows = super().get_queryset().select_related("model__tenant")
        return rows.defer("model__card", "model__words")

    def get_object(self):
        wanted = slug_or_id(self.kwargs["slug"].replace("\0", ""), "model__slug")
        by_id = Q(model=wanted["pk"]) if "pk" in wanted else Q()
        target = self.get_queryset().filter(Q(**wanted) | by_id).first()
        if target is None:
            raise Http404
        return target

    def paginate_queryset(self, queryset):
        return _measured(super().paginate_queryset(queryset))

    def retrieve(self, request, *args, **kwargs):
        """The service level of one model."""
        return self._answer(self.get_object())

    @extend_schema(request=ServiceLevelSerializer(partial=True))
    def partial_update(self, request, *args, **kwargs):
        """Change the targets; publishers of the model's tenant."""
        target = self.get_object()
        require_publisher(request.user, "change the service level of", target.model)
        given = self.get_serializer(target, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        services.promise(target.model, by=request.user, **given.validated_data)
        return self._answer(self.get_object())

    def _answer(self, target) -> Response:
        return Response(self.get_serializer(_measured([target])[0]).data)


def _measured(targets: list[Target]) -> list[Target]:
    told = story.lines(targets, by_environment=True)
    for target in targets:
        target.measured = told[target.model_id]
    return targets
