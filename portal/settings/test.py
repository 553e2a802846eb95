"""The tests: no connection pool, cheap password hashing, mail in memory."""

from portal.settings import *  # noqa: F403
from portal.settings import DATABASES

DATABASES["default"]["OPTIONS"] = {}
PASSWORD_HASHERS = ["tests.hashers.FewRounds"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
KUBECONFIG = ""  # a cluster of this shell is for tests that ask for one
