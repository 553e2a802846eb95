"""Whom each model is shown to: list, count and entries against the rule in plain words."""

import random
from itertools import product

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection

from marketplace.catalog import services
from marketplace.catalog.index import Entry
from marketplace.catalog.lifecycle import ModelStatus as Status
from marketplace.catalog.models import AIModel, AIModelGroupPermission, Visibility
from portal.core.permissions import allow, disallow
from tenants.directory import services as directory
from tenants.directory.models import User
from tenants.directory.roles import TenantRole
from tests.conftest import person

SHOWN = {Status.PUBLISHED, Status.RETIRED, Status.REFERENCE}
RIGHTS = ("see_aimodel", "use_aimodel")


@pytest.fixture
def people(world, owner, publisher, consumer, stranger, operator, auditor) -> list[User]:
    """One of each kind; one of two teams, one of a division, and one of none."""
    two = person("two", world["claims"], TenantRole.PUBLISHER)
    directory.seat(two, world["retail"], TenantRole.CONSUMER, by=None)
    division = person("division", world["vision"].parent, TenantRole.OWNER)
    return [
        owner,
        publisher,
        consumer,
        stranger,
        operator,
        auditor,
        two,
        division,
        person("alone"),
    ]


@pytest.fixture
def shelf(world) -> list[AIModel]:
    """A model of every status, visibility and owner."""
    made = []
    teams = list(world.values())
    for number, (status, seen, team) in enumerate(product(Status, Visibility, teams)):
        homeless = status in (Status.WAITING, Status.REFERENCE)
        facts = {"status": status, "visibility": seen, "slug": f"m-{number}", "name": "M"}
        facts["tenant"] = None if homeless else team
        facts["registry_name"] = None if status == Status.REFERENCE else f"m-{number}"
        facts["proposed_tenant"] = team.slug if status == Status.WAITING else ""
        made.append(AIModel.objects.create(**facts))
    return made


def shake(shelf: list[AIModel], world: dict, dice: random.Random) -> None:
    """Give and take rights, and move models between, in an order nobody planned."""
    groups = [team.group(role) for team in world.values() for role in TenantRole]
    for _ in range(120):
        model, group, right = dice.choice(shelf), dice.choice(groups), dice.choice(RIGHTS)
        dice.choice([allow, allow, disallow])(group, right, model)
        if dice.random() < 0.3:
            facts = {"visibility": dice.choice(list(Visibility))}
            if model.status in (Status.DRAFT, Status.PUBLISHED, Status.RETIRED):
                facts["status"] = dice.choice([Status.DRAFT, Status.PUBLISHED, Status.RETIRED])
            AIModel.objects.filter(pk=model.pk).update(**facts)
            model.refresh_from_db()


def may_know(user: User, model: AIModel, held: set) -> bool:
    """The rule as it is told to people."""
    if user.platform_roles or model.tenant_id in user.standing:
        return True
    groups = set(user.groups.values_list("pk", flat=True))
    named, usable = (any((g, right, model.pk) in held for g in groups) for right in RIGHTS)
    if model.status in SHOWN and (model.visibility == Visibility.EVERYONE or named):
        return True
    leads = user.memberships.exclude(role=TenantRole.CONSUMER).select_related("tenant")
    teams = {m.tenant.slug for m in leads}
    for membership in leads.filter(role=TenantRole.OWNER):
        teams |= set(membership.tenant.children.values_list("slug", flat=True))
    return usable or (model.status == Status.WAITING and model.proposed_tenant in teams)


@pytest.mark.parametrize("seed", range(4))
def test_lists_counts_and_entries_follow_the_rule(seed, shelf, world, people):
    shake(shelf, world, random.Random(seed))
    columns = ("group", "permission__codename", "content_object")
    held = set(AIModelGroupPermission.objects.values_list(*columns))
    for user in people:
        known = {model.slug for model in shelf if may_know(user, model, held)}
        offered = {m.slug for m in shelf if m.status in (Status.PUBLISHED, Status.REFERENCE)}
        visible = AIModel.objects.visible_to(user)
        assert set(visible.values_list("slug", flat=True)) == known, user
        assert AIModel.objects.known_to(user) == len(known), user
        entries = Entry.objects.visible_to(user)
        assert set(entries.values_list("slug", flat=True)) == known & offered, user


def test_who_is_in_no_team_knows_what_everyone_knows(shelf, db):
    alone = person("alone")
    listed = {m.slug for m in shelf if m.status in SHOWN and m.visibility == Visibility.EVERYONE}
    visible = AIModel.objects.visible_to(alone)
    assert set(visible.values_list("slug", flat=True)) == listed
    assert AIModel.objects.known_to(alone) == len(listed)
    assert AIModel.objects.known_to(AnonymousUser()) == 0


def test_nobody_is_told_by_writing_the_column(model, world):
    group = world["claims"].group("consumer")
    allow(group, "see_aimodel", model)
    row = AIModelGroupPermission.objects.get(group=group, content_object=model)
    assert not row.tells
    row.delete()
    row.pk, row.tells = None, True
    row.save(force_insert=True)
    row.refresh_from_db()
    assert not row.tells


def test_the_night_puts_right_what_tells_of_the_wrong_models(shelf, world, caplog):
    shake(shelf, world, random.Random(9))
    assert services.compare_told() == 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE marketplace_aimodelgrouppermission SET tells = NOT tells")
        wrong = cursor.rowcount
    assert services.compare_told() == wrong > 0
    assert services.compare_told() == 0
    assert "told of the wrong models" in caplog.text


def test_the_night_puts_right_an_entry_that_is_out_of_step(model, caplog):
    Entry.objects.filter(model=model).update(task="nothing")
    assert services.compare_shelf() == 1
    assert Entry.objects.get(model=model).task == model.task
    assert services.compare_shelf() == 0
