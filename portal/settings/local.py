"""One machine, one person: plain HTTP on loopback, mail into a folder."""

from portal.settings import *  # noqa: F403
from portal.settings import VAR_DIR, env

EMAIL_BACKEND = env.read("EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend")
EMAIL_FILE_PATH = VAR_DIR / "mail"
