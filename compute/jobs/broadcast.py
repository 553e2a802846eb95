"""Saying that a job moved, to the pages that show it; never what, they read it again."""

from collections.abc import Iterable

from portal.web import hints

JOB, LOG = "job", "log"


def group_of(job_id) -> str:
    """The name of the group that all open pages of one job are in."""
    return f"job.{job_id}"


def jobs_of(tenant_id) -> str:
    """The name of the group of the pages that list the jobs of one tenant."""
    return f"jobs.{tenant_id}"


def moved(job_id, *, tenant_id=None) -> None:
    """After commit, hint to who looks at the job; and to the lists of its tenant, if given."""
    groups = [group_of(job_id), *([jobs_of(tenant_id)] if tenant_id else [])]
    hints.moved(groups, JOB)


def listed(tenant_id) -> None:
    """After commit, hint to the pages that list the jobs of a tenant."""
    hints.moved([jobs_of(tenant_id)], JOB)


def told(job_ids: Iterable) -> None:
    """Hint at once that these jobs told how far they are; it is stored already."""
    hints.say((group_of(job_id), JOB) for job_id in job_ids)


def logged(job_ids: Iterable) -> None:
    """Hint at once that these logs have new lines; they are stored already."""
    hints.say((group_of(job_id), LOG) for job_id in job_ids)
