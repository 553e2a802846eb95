"""Tenants, people and roles."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from portal.audit.models import Event
from portal.core import tenancy
from tenants.directory import services as directory
from tenants.directory.models import User
from tenants.directory.roles import TenantRole


def test_the_role_of_the_application_owns_no_table(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE tableowner = current_user")
        assert cursor.fetchone()[0] == 0
        cursor.execute(
            "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone()[0] is False


def test_an_owner_of_a_division_owns_its_teams(world, operator):
    user = directory.enrol("lead", by=operator, email="lead@example.org")
    directory.seat(user, world["vision"].parent, TenantRole.OWNER, by=operator)
    assert User.objects.get(pk=user.pk).may(TenantRole.OWNER, world["claims"])


def test_a_consumer_gives_no_roles(consumer, claims):
    with pytest.raises(PermissionDenied):
        directory.seat(consumer, claims, TenantRole.OWNER, by=consumer)


def test_every_seat_is_in_the_trail(consumer):
    verbs = [event.verb for event in Event.objects.about(consumer).newest_first()]
    assert verbs == ["gave a role", "enrolled"]


def test_without_a_context_the_trail_is_empty(consumer):
    tenancy.enter("")
    assert not Event.objects.exists()
