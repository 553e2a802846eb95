"""A throw-away installation to measure on: a durable PostgreSQL, migrated, and Django set up."""

import base64
import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connection

from portal.local.postgres import EmbeddedPostgres


def folder(everything: ExitStack) -> Path:
    """A folder that is gone in the end."""
    made = Path(tempfile.mkdtemp(prefix="millwright-bench-"))
    everything.callback(shutil.rmtree, made, ignore_errors=True)
    return made


def installation(everything: ExitStack, place: Path, redis_url: str) -> EmbeddedPostgres:
    """Start the database, set the environment up, migrate. Models may be imported afterwards."""
    postgres = EmbeddedPostgres(place / "pg", durable=True)
    postgres.start()
    everything.callback(postgres.stop)
    secret = base64.b64encode(os.urandom(32)).decode()
    os.environ.update(
        DJANGO_SETTINGS_MODULE="portal.settings.local",
        DATABASE_URL=postgres.app_url,
        DATABASE_OWNER_URL=postgres.owner_url,
        REDIS_URL=redis_url,
        MILLWRIGHT_VAR=str(place / "var"),
        SECRET_KEY="a key for measurements alone, in plain words",
        VAULT_KEK=secret,
        KEY_PEPPER=secret,
        AUDIT_KEY=secret,
        LOG_LEVEL="WARNING",
    )
    django.setup()
    call_command("migrate", database="owner", verbosity=0)
    return postgres


def backend() -> int:
    """The process of the database that serves this one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]
