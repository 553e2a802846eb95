"""What happens to the ledger by the clock."""

from celery import shared_task

from tenants.chargeback import services


@shared_task(name="chargeback.sweep")
def sweep() -> None:
    """End the reservations that a crash left open; open the statements of new months."""
    services.settle_estimated()
    services.open_statements()


@shared_task(name="chargeback.keep_partitions")
def keep_partitions() -> None:
    """Have a partition ready for each of the next months."""
    services.keep_partitions()
