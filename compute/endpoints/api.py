"""REST: endpoints, and the wishes about them."""

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response

from compute.endpoints import serializers as shapes
from compute.endpoints import services
from compute.endpoints.lifecycle import EndpointStatus
from compute.endpoints.models import Endpoint
from marketplace.catalog.models import Environment
from portal.api.base import ReadOnly


class EndpointFilter(filters.FilterSet):
    status = filters.MultipleChoiceFilter(choices=EndpointStatus)
    model = filters.CharFilter(field_name="model__slug")
    tenant = filters.CharFilter(field_name="tenant__slug")
    environment = filters.ChoiceFilter(
        choices=Environment, field_name="routes__environment", distinct=True
    )

    class Meta:
        model = Endpoint
        fields: list[str] = []


class Endpoints(ReadOnly):
    """What my tenants serve; all of it for the platform roles."""

    queryset = Endpoint.objects.to_show()
    serializer_class = shapes.EndpointSerializer
    filterset_class = EndpointFilter
    ordering_fields = ["created_at", "seen_at", "restarts"]

    @extend_schema(
        request=shapes.NewEndpointSerializer, responses={201: shapes.EndpointSerializer}
    )
    def create(self, request):
        """Serve a version of a model."""
        given = self._read(shapes.NewEndpointSerializer)
        made = self._deploy(given.pop("model"), given)
        return Response(self._shown(made), status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.DeploymentSerializer, responses={202: shapes.EndpointSerializer})
    @action(detail=True, methods=["post"])
    def deploy(self, request, pk=None):
        """Serve another version of this endpoint's model; it takes over when it is ready."""
        endpoint, given = self.get_object(), self._read(shapes.DeploymentSerializer)
        here = [route.environment for route in endpoint.routes.all()]
        given.setdefault("environments", here or list(services.ALL))
        made = self._deploy(endpoint.model, given)
        return Response(self._shown(made), status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=shapes.SizeSerializer, responses={202: shapes.EndpointSerializer})
    @action(detail=True, methods=["post"])
    def scale(self, request, pk=None):
        """Change the number of workers, or the memory of each."""
        endpoint, given = self.get_object(), self._read(shapes.SizeSerializer)
        services.scale(endpoint, by=request.user, **given)
        return Response(self._shown(endpoint), status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: shapes.EndpointSerializer})
    @action(detail=True, methods=["post"])
    def start(self, request, pk=None):
        """Start again what was stopped or has failed."""
        endpoint = services.start(self.get_object(), by=request.user)
        return Response(self._shown(endpoint), status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: shapes.EndpointSerializer})
    @action(detail=True, methods=["post"])
    def stop(self, request, pk=None):
        """Stop answering."""
        endpoint = services.stop(self.get_object(), by=request.user)
        return Response(self._shown(endpoint), status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses=shapes.HealthSerializer)
    @action(detail=True, methods=["get"])
    def health(self, request, pk=None):
        """Whether it answers, as last seen."""
        endpoint = self.get_object()
        ready = endpoint.wanted and endpoint.status == EndpointStatus.READY
        seen = {name: getattr(endpoint, name) for name in ("status", "reason", "restarts")}
        body = shapes.HealthSerializer({"ready": ready, "seen_at": endpoint.seen_at} | seen)
        return Response(body.data)

    def _deploy(self, model, given: dict) -> Endpoint:
        number = given.pop("version")
        version = model.versions.filter(number=number).first()
        if version is None:
            raise serializers.ValidationError({"version": [f"{model} has no version {number}."]})
        return services.deploy(model, version, by=self.request.user, **given)

    def _shown(self, endpoint: Endpoint) -> dict:
        return self.get_serializer(self.get_queryset().get(pk=endpoint.pk)).data

    def _read(self, shape) -> dict:
        body = shape(data=self.request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)
