"""Background work of the directory: mail."""

from celery import shared_task

from portal.core import tenancy
from tenants.directory import services


@shared_task(name="directory.mail_link", autoretry_for=(OSError,), retry_backoff=True)
def mail_link(email: str, invited: bool) -> None:
    with tenancy.as_system():
        services.mail_link(email, invited=invited)
