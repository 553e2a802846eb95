"""Who does a duty that one process does at a time: taking, renewing and proving a lease.

A token grows with each change of hands. Every write of a holder names its token in the WHERE of
its statement (`HELD`), so that one that was paused and overtaken changes nothing any more.
"""

from dataclasses import dataclass

from django.db import connection

KEEPING = "keep jobs"
LEASE_S = 10.0
RENEW_EVERY_S = 3.0

# The condition of a fenced write. The lock keeps a change of hands out until it is committed.
HELD = "EXISTS (SELECT 1 FROM compute_lease WHERE duty = %(duty)s AND token = %(token)s FOR SHARE)"
TAKE = """
INSERT INTO compute_lease AS lease (duty, holder, token, until)
VALUES (%(duty)s, %(holder)s, 1, clock_timestamp() + %(length)s * interval '1 second')
ON CONFLICT (duty) DO UPDATE SET holder = excluded.holder, until = excluded.until,
    token = lease.token + 1
WHERE lease.until < clock_timestamp()
RETURNING token
"""
RENEW = """
UPDATE compute_lease SET until = clock_timestamp() + %(length)s * interval '1 second'
WHERE duty = %(duty)s AND token = %(token)s
"""
END = """
UPDATE compute_lease SET until = clock_timestamp() - interval '1 second'
WHERE duty = %(duty)s AND token = %(token)s
"""


class NotLeading(Exception):
    """Somebody else holds the lease now: stop, and write nothing."""


@dataclass(frozen=True)
class Lease:
    """A lease in hand, for `LEASE_S` seconds from when it was taken or renewed."""

    duty: str
    token: int

    @property
    def named(self) -> dict:
        """The parameters of `HELD`."""
        return {"duty": self.duty, "token": self.token}


def take(holder: str, *, duty: str = KEEPING, length: float = LEASE_S) -> Lease | None:
    """The lease, if nobody holds it now; `length` in seconds. By the clock of the database."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"duty": duty, "holder": holder[:120], "length": length})
        row = cursor.fetchone()
    return Lease(duty, row[0]) if row else None


def renew(lease: Lease, *, length: float = LEASE_S) -> None:
    """Hold it for `length` seconds more. Raises `NotLeading` once another one took over."""
    with connection.cursor() as cursor:
        cursor.execute(RENEW, lease.named | {"length": length})
        if not cursor.rowcount:
            raise NotLeading(f"Another process does the duty {lease.duty!r} now.")


def let_go(lease: Lease) -> None:
    """Leave the duty to whoever comes next, at once."""
    with connection.cursor() as cursor:
        cursor.execute(END, lease.named)
