"""Saying to open pages that a job moved or printed something; never what."""

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

JOB = "job"
LOG = "log"


def group_of(job_id) -> str:
    """The name of the group that all open pages of one job are in."""
    return f"job.{job_id}"


def jobs_of(tenant_id) -> str:
    """The name of the group that all open lists of a tenant's jobs are in."""
    return f"jobs.{tenant_id}"


def moved(job_id, tenant_id=None) -> None:
    """After commit, hint that the job should be read again, and the lists it is in."""
    groups = [group_of(job_id), *([jobs_of(tenant_id)] if tenant_id else [])]
    transaction.on_commit(lambda: _send(groups, JOB), robust=True)


def logged(job_id) -> None:
    """After commit, hint that its log has grown."""
    transaction.on_commit(lambda: _send([group_of(job_id)], LOG), robust=True)


def _send(groups: list[str], what: str) -> None:
    send = async_to_sync(get_channel_layer().group_send)
    for group in groups:
        send(group, {"type": "moved", "what": what})
