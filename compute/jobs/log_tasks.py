"""What the clock asks of logs."""

from celery import shared_task

from compute.jobs import logs


@shared_task(name="jobs.drop_old_logs")
def drop_old_logs() -> None:
    """Drop logs and measures that have been kept for long enough; goes on the next night."""
    logs.drop_old()
