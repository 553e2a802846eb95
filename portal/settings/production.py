"""An installation that people rely on: TLS everywhere, nothing embedded, nothing default."""

from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from portal.settings import *  # noqa: F403
from portal.settings import (
    ALLOWED_HOSTS,
    AUDIT_KEY,
    KEY_PEPPERS,
    PORTAL_URL,
    SECRET_KEY,
    VAULT_KEYS,
    env,
)

SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # asked inside, without TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 63_072_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True


def _require(met: bool, otherwise: str) -> None:
    if not met:
        raise ImproperlyConfigured(otherwise)


_require(not env.read_bool("DEBUG", False), "DEBUG stays off in production. Unset it.")
_require(
    not env.read_bool("MILLWRIGHT_EMBEDDED", False),
    "Production uses a PostgreSQL, Valkey and MLflow of its own. "
    "Set DATABASE_URL, REDIS_URL and MLFLOW_TRACKING_URI, and unset MILLWRIGHT_EMBEDDED.",
)
for name in ("ALLOWED_HOSTS", "PORTAL_URL", "GATEWAY_URL", "MLFLOW_TRACKING_URI"):
    env.read(name)
env.read_url("MLFLOW_TRACKING_URI")
_require(
    len(SECRET_KEY) >= 50 and len(set(SECRET_KEY)) >= 5 and not SECRET_KEY.startswith("local-"),
    "SECRET_KEY must be 50 random characters or more.",
)
_secrets = [*VAULT_KEYS.values(), *KEY_PEPPERS.values(), AUDIT_KEY]
_require(
    len(set(_secrets)) == len(_secrets) and all(len(set(secret)) > 8 for secret in _secrets),
    "VAULT_KEK, KEY_PEPPER and AUDIT_KEY must be three different random secrets.",
)
_require(PORTAL_URL.startswith("https://"), "PORTAL_URL must start with https:// in production.")
_require("*" not in ALLOWED_HOSTS, "ALLOWED_HOSTS must name the hosts, not *.")
_require(
    any(urlsplit(PORTAL_URL).hostname.endswith(host.lstrip(".")) for host in ALLOWED_HOSTS),
    "ALLOWED_HOSTS must hold the host of PORTAL_URL.",
)
