"""Tasks of service levels."""

from celery import shared_task
from celery.signals import worker_ready

from marketplace.service_levels import services


@shared_task(name="service_levels.measure")
def measure() -> None:
    """Every minute: count the calls anew."""
    services.measure()


@worker_ready.connect(dispatch_uid="service_levels.measure")
def at_start(**kwargs) -> None:
    """What happened while nobody counted is counted as soon as somebody can."""
    measure.apply_async()
