"""Keeping and reading secrets, and the digests of keys that nobody needs to read back."""

import hmac

from django.conf import settings

from portal.vault import cipher
from portal.vault.models import Secret


def keep(subject, field: str, value: str) -> None:
    """Seal `value` as the `field` of `subject`; a second time replaces the first."""
    about = _about(subject)
    sealed = cipher.seal(
        value.encode(),
        key_id=settings.VAULT_KEY_ID,
        key=settings.VAULT_KEYS[settings.VAULT_KEY_ID],
        place=f"{about}|{field}",
    )
    Secret.objects.update_or_create(
        about=about,
        field=field,
        defaults={"sealed": sealed, "tenant_id": getattr(subject, "tenant_id", None)},
    )


def reveal(subject, field: str) -> str:
    """The value kept as `field` of `subject`. Raises `Secret.DoesNotExist` or `Unreadable`."""
    about = _about(subject)
    row = Secret.objects.get(about=about, field=field)
    return cipher.unseal(row.sealed, keys=settings.VAULT_KEYS, place=f"{about}|{field}").decode()


def forget(subject, field: str) -> None:
    Secret.objects.filter(about=_about(subject), field=field).delete()


def digest(secret: str, *, pepper: int) -> bytes:
    """HMAC-SHA-256 of a random secret under the pepper of that version.

    Slow hashes protect what people can remember; 256 random bits cannot be guessed.
    """
    return hmac.digest(settings.KEY_PEPPERS[pepper], secret.encode(), "sha256")


def _about(subject) -> str:
    return f"{subject._meta.label_lower}:{subject.pk}"
