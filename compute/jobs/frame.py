"""What jobs put into the navigation."""

from compute.jobs.listing import unfinished_of
from compute.jobs.models import Job
from portal.core import shell


def runs_jobs(user) -> bool:
    """People of a team, and the platform roles, which watch over what runs."""
    return bool(user.standing or user.platform_roles)


def unfinished(user) -> int:
    """How many of this person's own jobs have not ended."""
    return unfinished_of(user, Job.objects.visible_to(user))


shell.register(
    verb="Use", order=40, label="Jobs", url_name="jobs:list", icon="job", short="Jobs",
    shown=runs_jobs, tally=unfinished,
)  # fmt: skip
