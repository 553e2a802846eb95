"""The second wall: what the database itself refuses."""

import pytest
from django.db import ProgrammingError, connection, transaction

from portal.core import tenancy

# Shared by design: who exists, what is in the catalogue, what it costs, what is served, and
# what people wish for, which publishers everywhere are to read.
SHARED = {
    "marketplace_aimodel",
    "marketplace_entry",
    "marketplace_listing",
    "marketplace_wantedmodel",
    "tenants_membership",
    "tenants_price",
    "compute_endpoint",
}


def rows(sql: str, *values) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def private_tables() -> set[str]:
    named = rows(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE a.attname = 'tenant_id' AND c.relkind IN ('r', 'p') AND NOT c.relispartition "
        "AND c.relnamespace = 'public'::regnamespace"
    )
    return {name for (name,) in named} - SHARED


def test_every_table_with_a_tenant_is_locked_or_shared_on_purpose(db):
    locked = rows("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
    assert private_tables() <= {name for (name,) in locked}
    assert {"tenants_call", "tenants_posting", "marketplace_grant"} <= private_tables()


def test_the_application_has_no_power_over_the_walls(db):
    (powers,) = rows(
        "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb, "
        "(SELECT count(*) FROM pg_class WHERE relowner = r.oid), "
        "has_schema_privilege(current_user, 'public', 'CREATE') "
        "FROM pg_roles r WHERE rolname = current_user"
    )
    assert powers == (False, 0, False)


@pytest.mark.parametrize(
    "verb", ["UPDATE portal_event SET writer = ''", "DELETE FROM portal_event"]
)
@pytest.mark.parametrize("table", ["portal_event", "tenants_posting"])
def test_what_is_written_for_good_cannot_be_changed(db, verb, table):
    statement = verb.replace("portal_event", table).replace("writer", "note")
    if table == "portal_event":
        statement = verb
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        rows(statement)


def test_without_a_context_no_private_table_shows_a_row(consumer, model):
    with tenancy.within(""):
        for table in private_tables():
            assert rows(f"SELECT count(*) FROM {table}") == [(0,)], table  # noqa: S608


def test_the_context_ends_with_its_transaction(consumer):
    with tenancy.within([consumer.pk]):
        assert tenancy.current() == str(consumer.pk)
    assert tenancy.current() == tenancy.EVERYTHING


def test_partitions_are_waiting_for_next_year(db):
    made = rows("SELECT count(*) FROM pg_inherits WHERE inhparent = 'tenants_call'::regclass")
    assert made[0][0] >= 13
