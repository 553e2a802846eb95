"""Tasks of the catalogue."""

from celery import shared_task

from marketplace.catalog import services


@shared_task(name="catalog.follow_registry", expires=8)
def follow_registry() -> None:
    """Every few seconds: bring models and versions in step with the registry."""
    services.follow_registry()


@shared_task(name="catalog.compare_shelf")
def compare_shelf() -> None:
    """Every night: what lists and visibility are read from, compared with the models."""
    services.compare_shelf()
    services.compare_told()
