"""Converging endpoints in the background, and the sweep that finds what was missed."""

from celery import shared_task

from compute.endpoints import services
from compute.endpoints.lifecycle import EndpointStatus
from compute.engines.base import EngineUnavailable
from marketplace.catalog.models import AIModel
from portal.core import tenancy

SOON = 1.0  # seconds between looks at an endpoint that is being started
LOOKS = 60


@shared_task(name="endpoints.converge", bind=True, max_retries=LOOKS)
def converge(self, endpoint_id: str) -> None:
    """Bring one endpoint to what is wished; look again soon while it starts."""
    try:
        endpoint = services.converge(endpoint_id)
    except EngineUnavailable as silent:
        raise self.retry(exc=silent, countdown=min(30, 2**self.request.retries)) from silent
    starting = endpoint is not None and endpoint.status == EndpointStatus.STARTING
    if starting and self.request.retries < LOOKS:
        raise self.retry(countdown=SOON)


@shared_task(name="endpoints.follow")
def follow(model_id: str) -> None:
    """Serve the version that the catalogue offers."""
    with tenancy.as_system():
        model = AIModel.objects.filter(pk=model_id).first()
        if model:
            services.follow(model)


@shared_task(name="endpoints.sweep")
def sweep() -> None:
    """Everything that is owed."""
    services.keep_served()
