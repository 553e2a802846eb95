"""Tasks of imports."""

from celery import shared_task

from marketplace.imports import services


@shared_task(name="imports.work")
def work(import_id: str) -> None:
    """Check, import or undo: whatever this import owes."""
    services.work(import_id)


@shared_task(name="imports.sweep")
def sweep() -> None:
    """Every half minute: what a dead worker left behind."""
    services.sweep()
