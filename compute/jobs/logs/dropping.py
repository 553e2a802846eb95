"""How long logs and measures are kept: LOG_DAYS after the end of their job."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from compute.jobs.models import Job
from portal.core import tenancy

CHUNK = 20_000
TABLES = ("compute_logline", "compute_measure")
OLD = """
SELECT id FROM compute_job job WHERE ended_at < %s
AND EXISTS (SELECT 1 FROM {table} WHERE job_id = job.id) LIMIT 200
"""
DROP = "DELETE FROM {table} WHERE ctid IN (SELECT ctid FROM {table} WHERE job_id = %s LIMIT %s)"


def kept_until(job: Job) -> datetime | None:
    """When its log will be dropped; None while it has not ended."""
    return job.ended_at + timedelta(days=settings.LOG_DAYS) if job.ended_at else None


def drop_old(now: datetime | None = None) -> int:
    """Drop what is older than LOG_DAYS; how many rows that were. Safe to be cut short."""
    before = (now or timezone.now()) - timedelta(days=settings.LOG_DAYS)
    return sum(_drop(table, before) for table in TABLES)


def _drop(table: str, before: datetime) -> int:
    dropped = 0
    while old := _rows(OLD.format(table=table), [before]):
        for (job_id,) in old:
            while gone := _delete(table, job_id):
                dropped += gone
    return dropped


def _rows(statement: str, values: list) -> list[tuple]:
    with tenancy.as_system(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def _delete(table: str, job_id) -> int:
    """One part, in a transaction of its own: a long log holds no lock for long."""
    with tenancy.as_system(), connection.cursor() as cursor:
        cursor.execute(DROP.format(table=table), [job_id, CHUNK])
        return cursor.rowcount
