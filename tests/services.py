"""A plugin: a throw-away PostgreSQL and Valkey for this run, before Django reads its settings."""

import atexit
import base64
import os
import shutil
import tempfile
from pathlib import Path

from portal.local.postgres import EmbeddedPostgres
from portal.local.valkey import EmbeddedValkey


def _start() -> None:
    folder = Path(tempfile.mkdtemp(prefix="millwright-test-"))
    postgres = EmbeddedPostgres(folder / "pg", durable=False)
    valkey = EmbeddedValkey(folder / "valkey", durable=False)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for service in (postgres, valkey):
        service.start()
        atexit.register(service.stop)
    secret = base64.b64encode(os.urandom(32)).decode()
    os.environ.update(
        DJANGO_SETTINGS_MODULE="portal.settings.test",
        DATABASE_URL=postgres.app_url,
        DATABASE_OWNER_URL=postgres.owner_url,
        REDIS_URL=valkey.url,
        MILLWRIGHT_VAR=str(folder / "var"),
        SECRET_KEY="a key for tests alone, made of plain words",
        VAULT_KEK=secret,
        KEY_PEPPER=secret,
        AUDIT_KEY=secret,
        REGISTRY_ENGINE="marketplace.engines.fake.FakeRegistry",
        SERVING_ENGINE="compute.engines.fake.FakeServing",
        JOB_ENGINE_LOCAL="compute.engines.fake_jobs.FakeJobs",
        JOB_ENGINE_KUEUE="compute.engines.fake_jobs.FakeJobs",
    )


_start()
