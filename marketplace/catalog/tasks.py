"""Tasks of the catalogue."""

from celery import shared_task

from marketplace.catalog import services


@shared_task(name="catalog.follow_registry", expires=8)
def follow_registry() -> None:
    """Every few seconds: bring models and versions in step with the registry."""
    services.follow_registry()
