"""Reading settings from the environment: a wrong value stops the start with one clear line."""

import base64
import binascii
import os
from decimal import Decimal, InvalidOperation
from urllib.parse import SplitResult, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

MISSING = object()
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def read(name: str, default=MISSING) -> str:
    """The text of `name`; without a default an empty or absent value is an error."""
    value = os.environ.get(name, "")
    if value:
        return value
    if default is MISSING:
        raise ImproperlyConfigured(f"{name} is not set. docs/settings.md says what it is for.")
    return default


def read_bool(name: str, default: bool) -> bool:
    value = read(name, "").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    if value:
        raise ImproperlyConfigured(f"{name} must be true or false.")
    return default


def read_int(name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
    value = read(name, str(default))
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number.") from None
    if number < least or (most is not None and number > most):
        raise ImproperlyConfigured(f"{name} must be between {least} and {most or 'any'}.")
    return number


def read_share(name: str, default: str) -> Decimal:
    value = read(name, default)
    try:
        share = Decimal(value)
    except InvalidOperation:
        raise ImproperlyConfigured(f"{name} must be a number such as 0.5.") from None
    if not 0 <= share <= 1:
        raise ImproperlyConfigured(f"{name} must be between 0 and 1.")
    return share


def read_list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in read(name, default).split(",") if part.strip()]


def read_secret(name: str, default=MISSING) -> bytes:
    """32 bytes written in base64. The value itself never appears in an error."""
    value = read(name, default)
    try:
        secret = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ImproperlyConfigured(f"{name} must be 32 bytes in base64.") from None
    if len(secret) != 32:
        raise ImproperlyConfigured(f"{name} must be 32 bytes in base64.")
    return secret


def read_database(name: str, default=MISSING) -> dict:
    """A PostgreSQL address as Django's connection settings."""
    parts = _split(name, read(name, default))
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ImproperlyConfigured(f"{name} must look like postgresql://user:…@host:5432/name.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
    }


def read_url(name: str, default=MISSING) -> str:
    """The address of a web service, without a slash at its end."""
    value = read(name, default)
    parts = _split(name, value)
    if value and (parts.scheme not in {"http", "https"} or not parts.hostname):
        raise ImproperlyConfigured(f"{name} must start with http:// or https:// and name a host.")
    return value.rstrip("/")


def read_level(name: str, default: str) -> str:
    """How much is logged."""
    value = read(name, default).upper()
    if value not in LEVELS:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(LEVELS)}.")
    return value


def read_redis(name: str) -> str:
    """A server without the number of a database, because the portal uses three of them."""
    parts = _split(name, read(name))
    if parts.scheme not in {"redis", "rediss"} or not parts.netloc:
        raise ImproperlyConfigured(f"{name} must look like redis://:…@host:6379.")
    return f"{parts.scheme}://{parts.netloc}"


def _split(name: str, value: str) -> SplitResult:
    """The parts of an address; its port is looked at here, because urllib does so lazily."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise ImproperlyConfigured(f"{name} is no address: its host or port is wrong.") from None
    return parts
