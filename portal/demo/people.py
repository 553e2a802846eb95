"""Seeding tenants and accounts; a second run finds them and only renews what nobody can know."""

import secrets

from portal.demo.cast import PEOPLE, TEAMS, Person
from tenants.directory import services as directory
from tenants.directory.models import Tenant, User
from tenants.keys import services as keys
from tenants.keys.models import ApiKey, Scope

TOKEN = "Demo token"


def seed_tenants() -> dict[str, Tenant]:
    """The tenants by slug; those that exist are left as they are."""
    tenants: dict[str, Tenant] = {}
    for team in TEAMS:
        known = Tenant.objects.filter(slug=team.slug).first()
        tenants[team.slug] = known or directory.found(
            team.slug,
            by=None,
            name=team.name,
            cost_centre=team.cost_centre,
            contact=f"{team.slug}@example.org",
            parent=tenants.get(team.parent),
        )
    return tenants


def seed_people(tenants: dict[str, Tenant]) -> list[dict]:
    """One sign-in for each of the cast: `{username, password, roles, tenant, token}`."""
    return [_seed(person, tenants[person.tenant]) for person in PEOPLE]


def _seed(person: Person, tenant: Tenant) -> dict:
    password = secrets.token_urlsafe(12)
    user = _account(person, password)
    if person.role:
        directory.seat(user, tenant, person.role, by=None)
    if person.platform:
        directory.appoint(user, person.platform, by=None)
    user = User.objects.get(pk=user.pk)
    for old in ApiKey.objects.in_force().filter(holder=user, name=TOKEN):
        keys.revoke(old, by=user, note="Seeded again")
    _, token = keys.issue(tenant, by=user, name=TOKEN, scopes=[Scope.API])
    return {
        "username": person.username,
        "password": password,
        "roles": person.roles,
        "tenant": tenant.slug,
        "token": token,
    }


def _account(person: Person, password: str) -> User:
    """The account with a fresh password: the old one is known to nobody who lost the file."""
    user = User.objects.filter(username=person.username).first()
    if user is None:
        address = f"{person.username}@example.org"
        return directory.enrol(person.username, by=None, email=address, password=password)
    user.set_password(password)
    user.save(update_fields=["password"])
    return user
