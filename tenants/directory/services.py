"""The verbs of the directory: tenants, people, and who holds which role."""

from datetime import timedelta

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from portal.audit.services import denied, record
from portal.core import events
from portal.core.background import after_commit
from portal.core.errors import Conflict, Refused
from tenants.directory.models import Membership, Tenant, User, below, group_name
from tenants.directory.roles import PlatformRole, TenantRole

OWNERS_CHANGE = {"name", "contact"}
TAKEN = {"new", "me"}  # words of our addresses


@transaction.atomic
def found(slug: str, *, by, name: str, cost_centre: str, contact: str, **more) -> Tenant:
    """Create a tenant with its role groups. Operators only; `by=None` is the platform itself."""
    require_operator(by, f"found tenant {slug}", by)
    if slug in TAKEN or Tenant.objects.filter(slug=slug).exists():
        raise Conflict(f"There is a tenant {slug} already. Choose another name.", field="slug")
    tenant = Tenant.objects.create(
        slug=slug, name=name, cost_centre=cost_centre, contact=contact, **more
    )
    Group.objects.bulk_create(Group(name=group_name(tenant, role)) for role in TenantRole)
    record("founded", tenant, by=by, cost_centre=cost_centre, region=tenant.region)
    return tenant


@transaction.atomic
def change_tenant(tenant: Tenant, *, by, **changes) -> Tenant:
    """Change name and contact (its owners), parent, cost centre and region (operators)."""
    if set(changes) <= OWNERS_CHANGE:
        require_keeper(by, "change tenant", tenant)
    else:
        require_operator(by, "change tenant", tenant)
    _require_tree(tenant, changes.get("parent"))
    before = {name: str(getattr(tenant, name) or "") for name in changes}
    for name, value in changes.items():
        setattr(tenant, name, value)
    tenant.save(update_fields=list(changes))
    after = {name: str(value or "") for name, value in changes.items()}
    record("changed", tenant, by=by, before=before, after=after)
    return tenant


@transaction.atomic
def enrol(
    username: str, *, by, email: str, password: str | None = None, invite: bool = False, **more
) -> User:
    """Create an account. Operators only; `invite` mails a link to set the first password.

    Names and addresses are kept in lower case, so that nobody is two people.
    """
    require_operator(by, f"enrol {username}", by)
    username, email = username.strip().lower(), email.strip().lower()
    for field, value in (("username", username), ("email", email)):
        known = User.objects.filter(Q(username=value) | Q(email=value)).exists()
        if known or value in TAKEN:
            raise Conflict(f"There is an account with {value} already.", field=field)
    user = User.objects.create_user(username, email=email, password=password, **more)
    record("enrolled", user, by=by)
    if invite:
        after_commit("directory.mail_link", email=user.email, invited=True)
    return user


@transaction.atomic
def invite(user: User, *, by) -> None:
    """Mail a link to set a password, again. Operators only."""
    require_operator(by, "invite", user)
    if not user.is_active:
        raise Refused("This account is closed. Open it first.")
    record("invited", user, by=by)
    after_commit("directory.mail_link", email=user.email, invited=True)


def person_named(name: str) -> User | None:
    """The open or closed account with this name or mail address, for who gives roles."""
    return User.objects.named(name.strip().lower())


@transaction.atomic
def seat(user: User, tenant: Tenant, role: str, *, by) -> Membership:
    """Give `user` a role in `tenant`. Owners of the tenant, and operators."""
    require_keeper(by, "give a role in", tenant)
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
    require_keeper(by, "take a role in", tenant)
    if membership.role == TenantRole.OWNER and by and not by.is_operator:
        others = Membership.objects.select_for_update().filter(
            tenant=tenant, role=TenantRole.OWNER
        )
        if not [other for other in others if other.pk != membership.pk]:
            raise Refused(f"{tenant} needs an owner. Make somebody else an owner first.")
    user.groups.remove(tenant.group(membership.role))
    record("took a role", user, by=by, tenant=tenant, role=membership.role)
    membership.delete()
    events.tell(events.person_changed, user_id=str(user.pk))


@transaction.atomic
def appoint(user: User, role: str, *, by) -> None:
    """Give a platform role. Operators only; nobody appoints themselves."""
    require_operator(by, f"appoint {role}", user)
    if by and user.pk == by.pk:
        raise Refused("You cannot appoint yourself. Ask another operator.", field="role")
    group, _ = Group.objects.get_or_create(name=PlatformRole(role).group_name)
    if not user.groups.filter(pk=group.pk).exists():
        user.groups.add(group)
        record("appointed", user, by=by, role=role)
        events.tell(events.person_changed, user_id=str(user.pk))


@transaction.atomic
def dismiss(user: User, role: str, *, by) -> None:
    """Take a platform role away. Operators only; nobody dismisses themselves."""
    require_operator(by, f"dismiss {role}", user)
    if by and user.pk == by.pk:
        raise Refused("You cannot take your own role away. Ask another operator.", field="role")
    group = user.groups.filter(name=PlatformRole(role).group_name).first()
    if group:
        user.groups.remove(group)
        record("dismissed", user, by=by, role=role)
        events.tell(events.person_changed, user_id=str(user.pk))


@transaction.atomic
def change_account(user: User, *, by, **changes) -> User:
    """What people change about themselves: `time_zone`, `first_name`, `last_name`."""
    if by is None or by.pk != user.pk:
        raise denied("change the account of", user, by=by, why="Only they can do this.")
    before = {name: getattr(user, name) for name in changes}
    for name, value in changes.items():
        setattr(user, name, value)
    user.save(update_fields=list(changes))
    record("changed", user, by=by, before=before, after=changes)
    return user


@transaction.atomic
def set_active(user: User, active: bool, *, by) -> None:
    """Open or close an account; a closed one signs nobody in and its keys are refused."""
    require_operator(by, "open or close", user)
    if by and user.pk == by.pk:
        raise Refused("You cannot close your own account. Ask another operator.")
    user.is_active = active
    user.save(update_fields=["is_active"])
    record("opened" if active else "closed", user, by=by)
    events.tell(events.person_changed, user_id=str(user.pk))


def ask_for_link(email: str) -> None:
    """Have a link to set a password mailed, if `email` has an account; nobody is told which."""
    after_commit("directory.mail_link", email=email, invited=False)


@transaction.atomic
def mail_link(email: str, *, invited: bool) -> None:
    """Mail the link. It works once, and ends after `PASSWORD_RESET_TIMEOUT`."""
    user = User.objects.filter(email=email, is_active=True).first()
    if user is None:
        return
    uid, token = user_pk_to_url_str(user), default_token_generator.make_token(user)
    path = reverse("account_reset_password_from_key", args=[uid, token])
    facts = {
        "user": user,
        "link": settings.PORTAL_URL + path,
        "portal": settings.PORTAL_URL,
        "until": timezone.now() + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT),
        "invited": invited,
    }
    subject = "Your account on Millwright" if invited else "Set a new password for Millwright"
    text = render_to_string("tenants/directory/mail_link.txt", facts)
    record("was sent a link to set a password", user, by=None)
    send_mail(subject, text, None, [user.email])


def _require_tree(tenant: Tenant, parent: Tenant | None) -> None:
    if parent is None:
        return
    # Two moves at once could make a ring, so moves wait for each other.
    list(Tenant.objects.select_for_update().order_by("pk").values_list("pk"))
    if parent.pk == tenant.pk or parent.pk in below([tenant.pk]):
        raise Refused("A tenant cannot be under itself. Choose another parent.", field="parent")


def require_operator(by, verb: str, subject) -> None:
    """Only operators go on, and the platform itself; everybody else is denied."""
    if by is not None and not by.is_operator:
        raise denied(verb, subject, by=by, why="Only operators can do this.")


def require_keeper(by, verb: str, tenant: Tenant) -> None:
    """Only owners of `tenant` and operators go on; everybody else is denied."""
    if by is not None and not by.is_operator and not by.may(TenantRole.OWNER, tenant):
        raise denied(verb, tenant, by=by, why=f"Only owners of {tenant} can do this.")
