"""The only door to django-guardian. No other module imports it.

guardian's rows are an index over reasons kept elsewhere (a grant, a listing, an ownership):
whoever writes the reason writes the row in the same transaction.
"""

from django.contrib.auth.models import Group, Permission
from django.db import models
from django.db.models import Q, QuerySet, Subquery
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase
from guardian.shortcuts import assign_perm, remove_perm

UserPermissionTable = UserObjectPermissionBase


class GroupPermissionTable(GroupObjectPermissionBase):
    """Rows of a role's permissions, with the unique index of all three columns alone.

    An index of the role by itself draws the planner: it takes every role for one of middling
    size, and reads all rows of a large one where the other index has the few that are asked for.
    """

    group = models.ForeignKey(Group, models.CASCADE, db_index=False)
    permission = models.ForeignKey(Permission, models.CASCADE, db_index=False)

    class Meta(GroupObjectPermissionBase.Meta):
        abstract = True


def permitted(user, permission: str, table: type, *, outer: str = "pk") -> Q:
    """A condition: `user` holds `permission` on the row, through one of their groups.

    `table` is the direct-foreign-key permission table of the model; `outer` names the row's key.
    Not correlated: what a person holds is read once, however many rows are asked about.
    """
    return Q(**{f"{outer}__in": _held_by(user, permission, table).values("content_object")})


def held_among(user, permission: str, ids, table: type) -> set:
    """Which of the rows with these ids `user` holds `permission` on; for a page of them."""
    rows = _held_by(user, permission, table).filter(content_object__in=ids)
    return set(rows.values_list("content_object", flat=True))


def holds(user, permission: str, subject, table: type) -> bool:
    """Whether `user` holds `permission` on `subject` now; nothing is cached."""
    rows = table._base_manager.filter(content_object=subject, permission__codename=permission)
    return rows.filter(group__in=user.groups.values("pk")).exists()


def _held_by(user, permission: str, table: type) -> QuerySet:
    # One number for the permission, not a join: so the index of all three columns is used.
    named = Permission.objects.filter(codename=permission).order_by("pk").values("pk")[:1]
    # The roles as numbers, as this person stands with this request: so the planner knows how many
    # rows they hold, which it cannot guess from a join.
    held = table._base_manager.filter(group__in=list(user.group_names))
    return held.filter(permission=Subquery(named))


def allow(group: Group, permission: str, subject) -> None:
    assign_perm(permission, group, subject)


def disallow(group: Group, permission: str, subject) -> None:
    remove_perm(permission, group, subject)


def holders(permission: str, subject, table: type) -> QuerySet[Group]:
    """The groups that hold `permission` on `subject`."""
    rows = table._base_manager.filter(content_object=subject, permission__codename=permission)
    return Group.objects.filter(Q(pk__in=rows.values("group")))


def index_of(permission: str, table: type) -> set[tuple]:
    """Every (id of the row, id of the group) that `table` holds for `permission`."""
    rows = table._base_manager.filter(permission__codename=permission)
    return set(rows.values_list("content_object", "group"))
