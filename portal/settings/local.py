"""One machine, one person: plain HTTP on loopback, mail into a folder."""

from portal.settings import *  # noqa: F403
from portal.settings import VAR_DIR, env

EMAIL_BACKEND = env.read("EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend")
EMAIL_FILE_PATH = VAR_DIR / "mail"

# Files are served from where they lie: nothing to collect before the first page.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
