"""The verbs of the directory: tenants, people, and who holds which role."""

from django.contrib.auth.models import Group
from django.db import transaction

from portal.audit.services import denied, record
from portal.core import events
from portal.core.errors import Refused
from tenants.directory.models import Membership, Tenant, User, below, group_name
from tenants.directory.roles import PlatformRole, TenantRole


@transaction.atomic
def found(slug: str, *, by, name: str, cost_centre: str, contact: str, **more) -> Tenant:
    """Create a tenant with its role groups. Operators only; `by=None` is the platform itself."""
    _require_operator(by, f"found tenant {slug}", by)
    tenant = Tenant.objects.create(
        slug=slug, name=name, cost_centre=cost_centre, contact=contact, **more
    )
    Group.objects.bulk_create(Group(name=group_name(tenant, role)) for role in TenantRole)
    record("founded", tenant, by=by, cost_centre=cost_centre, region=tenant.region)
    return tenant


@transaction.atomic
def change_tenant(tenant: Tenant, *, by, **changes) -> Tenant:
    """Change name, parent, cost centre, region or contact. Operators only."""
    _require_operator(by, "change tenant", tenant)
    parent = changes.get("parent")
    if parent and (parent.pk == tenant.pk or parent.pk in below([tenant.pk])):
        raise Refused("A tenant cannot be under itself. Choose another parent.", field="parent")
    before = {name: str(getattr(tenant, name) or "") for name in changes}
    for name, value in changes.items():
        setattr(tenant, name, value)
    tenant.save(update_fields=list(changes))
    after = {name: str(value or "") for name, value in changes.items()}
    record("changed", tenant, by=by, before=before, after=after)
    return tenant


@transaction.atomic
def enrol(username: str, *, by, email: str, password: str | None = None, **more) -> User:
    """Create an account. Operators only; without a password nobody can sign in with one."""
    _require_operator(by, f"enrol {username}", by)
    user = User.objects.create_user(username, email=email, password=password, **more)
    record("enrolled", user, by=by)
    return user


@transaction.atomic
def seat(user: User, tenant: Tenant, role: str, *, by) -> Membership:
    """Give `user` a role in `tenant`. Owners of the tenant, and operators."""
    _require_keeper(by, "give a role in", tenant)
    membership, made = Membership.objects.get_or_create(user=user, tenant=tenant, role=role)
    if made:
        user.groups.add(tenant.group(role))
        record("gave a role", user, by=by, tenant=tenant, role=role)
        events.tell(events.person_changed, user_id=str(user.pk))
    return membership


@transaction.atomic
def unseat(membership: Membership, *, by) -> None:
    """Take a role away. Its power over keys and pages ends at once."""
    tenant, user = membership.tenant, membership.user
    _require_keeper(by, "take a role in", tenant)
    user.groups.remove(tenant.group(membership.role))
    record("took a role", user, by=by, tenant=tenant, role=membership.role)
    membership.delete()
    events.tell(events.person_changed, user_id=str(user.pk))


@transaction.atomic
def appoint(user: User, role: str, *, by) -> None:
    """Give a platform role. Operators only."""
    _require_operator(by, f"appoint {role}", user)
    group, _ = Group.objects.get_or_create(name=PlatformRole(role).group_name)
    user.groups.add(group)
    record("appointed", user, by=by, role=role)
    events.tell(events.person_changed, user_id=str(user.pk))


@transaction.atomic
def set_active(user: User, active: bool, *, by) -> None:
    """Open or close an account; a closed one signs nobody in and its keys are refused."""
    _require_operator(by, "open or close", user)
    if by and user.pk == by.pk:
        raise Refused("You cannot close your own account. Ask another operator.")
    user.is_active = active
    user.save(update_fields=["is_active"])
    record("opened" if active else "closed", user, by=by)
    events.tell(events.person_changed, user_id=str(user.pk))


def _require_operator(by, verb: str, subject) -> None:
    if by is not None and not by.is_operator:
        raise denied(verb, subject, by=by, why="Only operators can do this.")


def _require_keeper(by, verb: str, tenant: Tenant) -> None:
    if by is not None and not by.is_operator and not by.may(TenantRole.OWNER, tenant):
        raise denied(verb, tenant, by=by, why=f"Only owners of {tenant} can do this.")
