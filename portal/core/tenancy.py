"""The row-level-security context: whose rows this transaction may touch.

PostgreSQL policies compare each tenant-private row with `millwright.reach`, a list of tenant ids
or `*`. It is set with SET LOCAL, so it ends with the transaction and no pooled connection
carries it to the next user. Unset means no rows at all.
"""

import re
from collections.abc import Iterable
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.migrations import RunSQL

EVERYTHING = "*"
SETTING = "millwright.reach"
TENANT_TABLE = re.compile(r"^[a-z_]+$")


def enter(reach: str | Iterable) -> None:
    """Set the context of the current transaction; refuses to run outside of one."""
    if not connection.in_atomic_block:
        raise RuntimeError("A tenancy context lives inside a transaction.")
    value = reach if isinstance(reach, str) else ",".join(sorted(str(item) for item in reach))
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, value])
    _know(value == EVERYTHING)


def current() -> str:
    """The reach now in force, as text; empty when unset."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting(%s, true), '')", [SETTING])
        return cursor.fetchone()[0]


@contextmanager
def within(reach: str | Iterable):
    """A transaction with `reach`; inside another one it restores what was in force."""
    nested, known = connection.in_atomic_block, _known()
    same = nested and known and reach == EVERYTHING
    before = current() if nested and not same else ""
    try:
        with transaction.atomic():
            if not same:
                enter(reach)
            yield
        if nested and not same:  # undone by itself when the inner transaction was
            enter(before)
    finally:
        _know(known)


def _known() -> bool:
    """Whether this transaction is known to reach everything. Wrong only to the safe side: where
    it does not, rows are missing."""
    return getattr(connection, "reaches_everything", False) and connection.in_atomic_block


def _know(everything: bool) -> None:
    connection.reaches_everything = everything


@contextmanager
def acting_as(user):
    """A transaction that reaches what `user` reaches, as their tenants and roles are now."""
    with within(user.reach() if user.is_authenticated else ""):
        yield


@contextmanager
def as_system():
    """A transaction of the platform itself: sweeps, settlement, migrations of data."""
    with within(EVERYTHING):
        yield


def locked(table: str, *columns: str) -> RunSQL:
    """The migration step that locks `table` to the tenants named in `columns`."""
    if not all(TENANT_TABLE.match(name) for name in (table, *columns)):
        raise ValueError("Table and column names are plain lower-case words.")
    reached = " OR ".join(
        f"{column} = ANY ((SELECT millwright_reach())::uuid[])" for column in columns
    )
    rule = f"(SELECT millwright_unbounded()) OR {reached}"
    return RunSQL(
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
        f"CREATE POLICY reach ON {table} USING ({rule}) WITH CHECK ({rule});",
        f"DROP POLICY reach ON {table};"
        f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;"
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;",
    )
