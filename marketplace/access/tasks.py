"""What access owes by the clock."""

from celery import shared_task

from marketplace.access import services


@shared_task(name="access.sweep")
def sweep() -> None:
    services.sweep()


@shared_task(name="access.compare_index")
def compare_index() -> None:
    services.compare_index()
