"""Signing in to the REST API with a key: `Authorization: Bearer mw_live_…`."""

import hmac
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header

from portal.audit.services import denied
from portal.core import tenancy
from portal.core.actor import scene
from portal.vault.services import digest
from tenants.keys import format
from tenants.keys.models import ApiKey, Scope

SEEN_EVERY = timedelta(minutes=1)
REFUSED = "This key does not work here. Check it, or make a new one."
OUT_OF_SCOPE = "This key has no scope api. Use one that has it."
NOBODY = bytes(32)


class KeyAuthentication(BaseAuthentication):
    """The holder of the key acts, as far as they may now. Every failure reads the same."""

    def authenticate(self, request):
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        key = self._find(words)
        if key is None:
            raise exceptions.AuthenticationFailed(REFUSED)
        if Scope.API not in key.scopes:
            raise denied("use the API with", key, by=key.holder, why=OUT_OF_SCOPE)
        tenancy.enter(key.holder.reach())
        scene().key = key.public_id
        return key.holder, key

    def authenticate_header(self, request) -> str:
        return 'Bearer realm="millwright"'

    def _find(self, words: list[bytes]) -> ApiKey | None:
        """The key that was presented, if it works now; a bad checksum asks no database."""
        shown = words[1].decode("latin-1") if len(words) == 2 else ""
        parts = format.parse(shown)
        if parts is None:
            return None
        with tenancy.as_system():
            rows = ApiKey.objects.select_related("holder", "tenant")
            key = rows.filter(public_id=parts.public_id).first()
            if not _matches(key, parts.secret) or not key.in_force or not key.holder_stands:
                return None
            _seen(key)
        return key


class KeyScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI document names this way to sign in."""

    target_class = "tenants.keys.authentication.KeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema) -> dict:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "mw_live_…"}


def _matches(key: ApiKey | None, secret: str) -> bool:
    """Compares in constant time, and takes as long for a key that does not exist."""
    pepper = key.pepper if key else settings.KEY_PEPPER_IN_USE
    if pepper not in settings.KEY_PEPPERS:
        return False
    kept = bytes(key.digest) if key else NOBODY
    return hmac.compare_digest(digest(secret, pepper=pepper), kept) and key is not None


def _seen(key: ApiKey) -> None:
    """Remember the use, once a minute; never wait for another request that is doing the same."""
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - SEEN_EVERY)
    free = ApiKey.objects.select_for_update(skip_locked=True).filter(stale, pk=key.pk)
    if key.last_used_at is None or key.last_used_at < now - SEEN_EVERY:
        ApiKey.objects.filter(pk__in=free.values("pk")).update(last_used_at=now)
