"""What nobody can do to the trail, and what is found when somebody did it."""

import json
import uuid

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, connections, transaction

from portal.audit import services as audit
from portal.audit.models import Event
from portal.audit.verification import verify
from portal.core import tenancy
from tenants.directory.models import Tenant


@pytest.mark.parametrize(
    "attempt",
    [
        "UPDATE portal_event SET payload = '{}'",
        "DELETE FROM portal_event",
        "TRUNCATE portal_event",
        "ALTER TABLE portal_event DISABLE ROW LEVEL SECURITY",
        "INSERT INTO portal_event (xid, writer, wseq, payload, mac) "
        "VALUES ('1', 'w', 1, '{\"at\": \"2020-01-01T00:00:00Z\"}', '')",
    ],
)
def test_the_role_of_the_application_can_only_add(vision, attempt):
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(attempt)


def test_the_database_says_in_which_transaction_a_line_was_written(vision):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text")
        now = int(cursor.fetchone()[0])
    assert Event.objects.about(vision).first().xid == now


def test_a_change_that_is_undone_leaves_no_line(vision, operator):
    before = Event.objects.count()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        audit.record("changed", vision, by=operator)
        raise ZeroDivisionError
    assert Event.objects.count() == before


def test_a_denial_is_kept_although_its_transaction_is_undone(client, consumer, claims):
    client.force_login(consumer)
    answer = client.get("/tenants/new/")
    assert answer.status_code == 403
    told = Event.objects.about(consumer).newest_first().first()
    assert told.verb == "denied found a tenant"
    assert told.facts["request_id"] == answer["x-request-id"]


def test_owners_read_their_tenants_part_and_no_more(owner, consumer, claims, vision):
    audit.record("changed", claims, by=None)
    audit.record("changed", vision, by=None)
    with tenancy.acting_as(owner):
        seen = {event.tenant_id for event in Event.objects.visible_to(owner)}
        by_the_wall = {event.tenant_id for event in Event.objects.all()}
    assert seen == by_the_wall == {vision.pk}
    assert not Event.objects.visible_to(consumer).exists()


@pytest.fixture
def committed(django_db_setup, django_db_blocker):
    """Lines that are really there, and a hand that owns the table."""
    with django_db_blocker.unblock():
        with tenancy.as_system():
            for number in range(5):
                tenant = Tenant(slug=f"t{number}", name="T", pk=uuid.uuid4())
                audit.record("changed", tenant, by=None, number=number)
        yield
        by_the_owner("DELETE FROM portal_event")
        connections["owner"].close()
        connection.close()


def by_the_owner(*statements: str) -> None:
    """What a database administrator could do, around every wall."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE portal_event NO FORCE ROW LEVEL SECURITY")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("ALTER TABLE portal_event FORCE ROW LEVEL SECURITY")


def report():
    with tenancy.as_system():
        return verify()


THIRD = "(SELECT id FROM portal_event ORDER BY id OFFSET 2 LIMIT 1)"


def test_an_untouched_trail_is_sound(committed, capsys):
    found = report()
    assert found.sound and found.lines == 5 and not found.edited
    call_command("audit_verify")
    assert "Every line is as it was written." in capsys.readouterr().out


@pytest.mark.parametrize(
    "edit",
    [
        "payload = replace(payload, '\"changed\"', '\"deleted\"')",
        "payload = replace(payload, '\"number\":2', '\"number\":3')",
        "payload = payload || ' '",
        "wseq = wseq + 1000",
        "writer = writer || 'x'",
        "mac = decode(repeat('00', 32), 'hex')",
    ],
)
def test_an_edit_around_the_walls_is_found(committed, edit, capsys):
    by_the_owner(f"UPDATE portal_event SET {edit} WHERE id = {THIRD}")
    found = report()
    assert len(found.edited) == 1 and not found.sound
    with pytest.raises(CommandError) as stopped:
        call_command("audit_verify")
    assert stopped.value.returncode == 1
    assert found.edited[0] in capsys.readouterr().out


def test_a_line_that_is_there_twice_is_found(committed):
    by_the_owner(
        "INSERT INTO portal_event (writer, wseq, payload, mac) "
        f"SELECT writer, wseq, payload, mac FROM portal_event WHERE id = {THIRD}"
    )
    found = report()
    assert len(found.copied) == 1 and not found.sound


def test_a_line_from_a_transaction_to_come_is_found(committed):
    by_the_owner(
        "INSERT INTO portal_event (xid, writer, wseq, payload, mac) SELECT '9000000000', "
        f"writer, wseq + 100, payload, mac FROM portal_event WHERE id = {THIRD}"
    )
    assert len(report().ahead) == 1


def test_deleted_lines_are_holes(committed):
    before = report().holes
    by_the_owner(f"DELETE FROM portal_event WHERE id = {THIRD}")
    found = report()
    assert len(found.holes) == len(before) + 1 and found.sound


def test_payloads_are_canonical(vision):
    payload = Event.objects.about(vision).first().payload
    again = json.dumps(
        json.loads(payload), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert payload == again
