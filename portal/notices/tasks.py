"""Mail that is owed: at once when told, and by a sweep for what a lost message left behind."""

from celery import shared_task

from portal.notices import services


@shared_task(name="notices.deliver")
def deliver(notice_id: str) -> None:
    services.send(notice_id)


@shared_task(name="notices.sweep")
def sweep() -> None:
    services.send_owed()
