"""Whether the log of a run is all here: until it is, the engine has to keep its pod."""

from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from compute.jobs.leasing import HELD, KEEPING, NotLeading
from compute.jobs.models import Run
from portal.core import tenancy

GRACE = timedelta(hours=1)
FINISH = f"""
UPDATE compute_run SET log_read_at = clock_timestamp()
WHERE id = %(run)s AND log_read_at IS NULL AND log_mark = %(mark)s AND {HELD}
"""  # noqa: S608 - the condition is a constant of ours


def unread(run: Run, *, now: datetime | None = None) -> bool:
    """Whether the engine must keep this pod because its log is not all stored.

    True for at most `GRACE` after its end: with nobody to read logs, pods do not stay for ever.
    """
    if run.log_read_at is not None:
        return False
    return run.ended_at is None or (now or timezone.now()) - run.ended_at < GRACE


def finish(run_id, mark: str, *, token: int, duty: str = KEEPING) -> None:
    """Note that all of a run's log is stored up to `mark`.

    Raises `NotLeading` if another one leads or the run is not read as far as that.
    """
    with tenancy.as_system(), connection.cursor() as cursor:
        cursor.execute(FINISH, {"run": run_id, "mark": mark, "duty": duty, "token": token})
        if not cursor.rowcount:
            raise NotLeading("Another process reads this log now.")
