"""Keys with which the portal predicts for a person, so that it is billed like any call."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from portal.core import actor, tenancy
from portal.vault import services as vault
from portal.vault.cipher import Unreadable
from portal.vault.models import Secret
from tenants.keys import services as keys
from tenants.keys.models import ApiKey, Scope

NAME = "Try it, in the portal"
DAYS = 30
MARGIN = timedelta(minutes=10)  # a key that ends sooner is replaced


def key_for(user, tenant) -> str:
    """The text of a key that `user` holds for `tenant`; a fresh one when there is none in force.

    A fresh key is committed at once, on a connection of its own: the gateway reads it before
    the request that needs it has ended.
    """
    known = _known(user, tenant)
    if known:
        return known
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(_made, user, tenant, actor.scene()).result()


def _known(user, tenant) -> str:
    lasting = ApiKey.objects.in_force().filter(
        holder=user,
        tenant=tenant,
        for_portal=True,
        scopes__contains=[Scope.PREDICT],
        expires_at__gt=timezone.now() + MARGIN,
    )
    for key in lasting.order_by("-id")[:3]:
        try:
            return vault.reveal(key, "text")
        except (Secret.DoesNotExist, Unreadable):
            continue
    return ""


def _made(user, tenant, scene) -> str:
    token = actor.enter(scene)
    try:
        with tenancy.acting_as(user):
            facts = {"name": NAME, "scopes": [Scope.PREDICT], "expires_in_days": DAYS}
            key, text = keys.issue(tenant, by=user, for_portal=True, **facts)
            vault.keep(key, "text", text)
            return text
    finally:
        actor.leave(token)
        connection.close()
