"""An installation that people rely on: TLS everywhere, nothing embedded, nothing default."""

from django.core.exceptions import ImproperlyConfigured

from portal.settings import *  # noqa: F403
from portal.settings import DEBUG, PORTAL_URL, SECRET_KEY, env

SECURE_SSL_REDIRECT = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 63_072_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True

if DEBUG:
    raise ImproperlyConfigured("DEBUG stays off in production.")
if env.read_bool("MILLWRIGHT_EMBEDDED", False):
    raise ImproperlyConfigured(
        "Production uses a PostgreSQL, Valkey and MLflow of its own. "
        "Set DATABASE_URL, REDIS_URL and MLFLOW_TRACKING_URI."
    )
if len(SECRET_KEY) < 50 or SECRET_KEY.startswith("local-"):
    raise ImproperlyConfigured("SECRET_KEY must be 50 random characters or more.")
if not PORTAL_URL.startswith("https://"):
    raise ImproperlyConfigured("PORTAL_URL must start with https:// in production.")
for name in ("MLFLOW_TRACKING_URI", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL"):
    env.read(name)
