"""The truth about settings, from the environment; overlays only tighten or loosen it."""

from pathlib import Path

from portal.settings import env
from portal.settings.engines import *  # noqa: F403
from portal.settings.log import logging_for

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR_DIR = Path(env.read("MILLWRIGHT_VAR", str(BASE_DIR / "var")))
VERSION = "0.1.0"
REGION = env.read("REGION", "")

DEBUG = False
SECRET_KEY = env.read("SECRET_KEY")
PORTAL_URL = env.read_url("PORTAL_URL", "http://127.0.0.1:8000")
ALLOWED_HOSTS = env.read_list("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.read_list("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "portal.console.apps.ConsoleAdmin",
    "allauth",
    "allauth.account",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "guardian",
    "csp",
    "channels",
    "portal",
    "tenants",
    "marketplace",
    "compute",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.web.middleware.SceneMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.web.middleware.SessionAgeMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.api.idempotency.IdempotencyMiddleware",
    "portal.web.middleware.TenancyMiddleware",
    "portal.web.zones.ZoneMiddleware",
    "tenants.directory.chosen.TenantMiddleware",
]
ROOT_URLCONF = "portal.urls"
ASGI_APPLICATION = "portal.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.core.shell.shell",
            ],
            "libraries": {"millwright": "portal.core.templatetags.millwright"},
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

DATABASES = {"default": env.read_database("DATABASE_URL")}
APP_ROLE = DATABASES["default"]["USER"]
DATABASES["default"]["OPTIONS"] = {"pool": {"min_size": 1, "max_size": 12, "timeout": 10}}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True  # kept ones outlive a restart of the database
if env.read("DATABASE_OWNER_URL", ""):
    DATABASES["owner"] = env.read_database("DATABASE_OWNER_URL")
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]  # its rows are read through portal.core.permissions
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.read_redis("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": f"{REDIS_URL}/1",
        "KEY_PREFIX": "millwright",
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [f"{REDIS_URL}/2"], "prefix": "millwright"},
    }
}
CELERY_BROKER_URL = f"{REDIS_URL}/0"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_DEFAULT_QUEUE = "quick"
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Else Celery takes the pool of connections down after each task and makes it anew for the next.
CELERY_DB_REUSE_MAX = 1000
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 600}

AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["tenants.directory.signin.LocalBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
ANONYMOUS_USER_NAME = None
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "tenants.directory.signin.LocalAccounts"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_FORMS = {
    "login": "tenants.directory.password_forms.SignInForm",
    "reauthenticate": "tenants.directory.password_forms.ReauthenticateForm",
    "change_password": "tenants.directory.password_forms.ChangePasswordForm",
    "reset_password": "tenants.directory.password_forms.AskForLinkForm",
    "reset_password_from_key": "tenants.directory.password_forms.SetPasswordForm",
}
ACCOUNT_RATE_LIMITS = False  # ours are exact: tenants/directory/guessing.py
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_AGE = env.read_int("SESSION_IDLE_MINUTES", 60, least=5) * 60
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "django.contrib.sessions.backends.db"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "portal.web.faults.csrf_failed"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "manifest-src": ["'self'"],
    }
}

EMAIL_BACKEND = env.read("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST = env.read("EMAIL_HOST", "127.0.0.1")
EMAIL_PORT = env.read_int("EMAIL_PORT", 25, least=1, most=65535)
EMAIL_HOST_USER = env.read("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.read("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.read_bool("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.read("DEFAULT_FROM_EMAIL", "millwright@localhost")

VAULT_KEY_ID = env.read("VAULT_KEY_ID", "k1")
VAULT_KEYS = {VAULT_KEY_ID: env.read_secret("VAULT_KEK")}
KEY_PEPPERS = {1: env.read_secret("KEY_PEPPER")}
KEY_PEPPER_IN_USE = 1
AUDIT_KEY = env.read_secret("AUDIT_KEY")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "tenants.keys.authentication.KeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["portal.api.parsers.SoundJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "portal.api.pages.Pages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "portal.api.schema.Schema",
    "EXCEPTION_HANDLER": "portal.api.problems.handle",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "NUM_PROXIES": 0,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Millwright",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "TenantRoleEnum": "tenants.directory.roles.TenantRole",
        "PlatformRoleEnum": "tenants.directory.roles.PlatformRole",
        "EnvironmentEnum": "marketplace.catalog.models.Environment",
        "ModelStatusEnum": "marketplace.catalog.lifecycle.ModelStatus",
        "RequestStatusEnum": "marketplace.access.lifecycle.RequestStatus",
        "ReportStatusEnum": "marketplace.feedback.lifecycle.ReportStatus",
        "FeedbackKindEnum": "marketplace.feedback.lifecycle.Kind",
        "GrantStatusEnum": "marketplace.access.lifecycle.GrantStatus",
        "KeyStatusEnum": "tenants.keys.lifecycle.KeyStatus",
        "StatementStatusEnum": "tenants.chargeback.lifecycle.StatementStatus",
        "EndpointStatusEnum": "compute.endpoints.lifecycle.EndpointStatus",
        "JobStatusEnum": "compute.jobs.lifecycle.JobStatus",
        "PipelineStatusEnum": "compute.jobs.lifecycle.PipelineStatus",
        "MeterEnum": "tenants.chargeback.models.Meter",
        "HardwareMeterEnum": "tenants.chargeback.models.HARDWARE_METERS",
        "JobPriorityEnum": "compute.jobs.lifecycle.Priority",
        "DataClassEnum": "marketplace.catalog.models.DataClass",
        "RegionEnum": "tenants.directory.models.Region",
    },
}
LOGGING = logging_for(env.read_level("LOG_LEVEL", "INFO"))
