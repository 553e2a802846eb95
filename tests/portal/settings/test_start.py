"""A wrong environment stops the start with one clear line, and tells no secret."""

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
WORD = "hunter2-in-plain-sight"
START = [sys.executable, "-c", "import django; django.setup()"]


def secret() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def good(settings: str = "production") -> dict[str, str]:
    """Everything that a start needs; nothing of it has to answer."""
    return {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": f"portal.settings.{settings}",
        "SECRET_KEY": base64.b64encode(os.urandom(48)).decode(),
        "DATABASE_URL": f"postgresql://app:{WORD}@db.example.org:5432/millwright",
        "REDIS_URL": f"rediss://:{WORD}@valkey.example.org:6379",
        "MLFLOW_TRACKING_URI": "https://mlflow.example.org",
        "GATEWAY_URL": "https://gateway.example.org",
        "PORTAL_URL": "https://millwright.example.org",
        "ALLOWED_HOSTS": "millwright.example.org",
        "VAULT_KEK": secret(),
        "KEY_PEPPER": secret(),
        "AUDIT_KEY": secret(),
    }


def start(environment: dict, command=START) -> subprocess.CompletedProcess:
    return subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120
    )


def test_a_good_environment_starts():
    done = start(good())
    assert done.returncode == 0, done.stderr


def test_the_deployment_check_has_nothing_to_say():
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = start(good(), command)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


SAME = secret()
WRONG = {
    "debug": ({"DEBUG": "true"}, "DEBUG stays off"),
    "embedded": ({"MILLWRIGHT_EMBEDDED": "1"}, "of its own"),
    "local key": ({"SECRET_KEY": "local-" + "x7k2m" * 12}, "SECRET_KEY must be"),
    "short key": ({"SECRET_KEY": "abcdefgh"}, "SECRET_KEY must be"),
    "dull key": ({"SECRET_KEY": "a" * 60}, "SECRET_KEY must be"),
    "no key": ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
    "one secret twice": ({"AUDIT_KEY": SAME, "KEY_PEPPER": SAME}, "three different random"),
    "dull secret": ({"VAULT_KEK": base64.b64encode(bytes(32)).decode()}, "three different random"),
    "short secret": ({"VAULT_KEK": "c2hvcnQ="}, "VAULT_KEK must be 32 bytes"),
    "no base64": ({"AUDIT_KEY": WORD}, "AUDIT_KEY must be 32 bytes"),
    "no database": ({"DATABASE_URL": ""}, "DATABASE_URL is not set"),
    "other database": ({"DATABASE_URL": f"mysql://a:{WORD}@h/db"}, "DATABASE_URL must look like"),
    "database port": ({"DATABASE_URL": f"postgresql://a:{WORD}@h:99999/d"}, "DATABASE_URL is no"),
    "no valkey": ({"REDIS_URL": ""}, "REDIS_URL is not set"),
    "other valkey": ({"REDIS_URL": f"http://:{WORD}@h"}, "REDIS_URL must look like"),
    "no registry": ({"MLFLOW_TRACKING_URI": ""}, "MLFLOW_TRACKING_URI is not set"),
    "registry in a file": ({"MLFLOW_TRACKING_URI": "file:///tmp"}, "must start with http"),
    "no gateway": ({"GATEWAY_URL": ""}, "GATEWAY_URL is not set"),
    "gateway": ({"GATEWAY_URL": "gateway:8001"}, "GATEWAY_URL must start with"),
    "plain http": ({"PORTAL_URL": "http://millwright.example.org"}, "must start with https"),
    "no hosts": ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is not set"),
    "any host": ({"ALLOWED_HOSTS": "*"}, "not *"),
    "other host": ({"ALLOWED_HOSTS": "example.com"}, "the host of PORTAL_URL"),
    "a word": ({"SESSION_IDLE_MINUTES": "soon"}, "SESSION_IDLE_MINUTES must be a whole"),
    "too small": ({"SESSION_IDLE_MINUTES": "0"}, "SESSION_IDLE_MINUTES must be between"),
    "too large": ({"EMAIL_PORT": "70000"}, "EMAIL_PORT must be between"),
    "not a bool": ({"EMAIL_USE_TLS": "perhaps"}, "EMAIL_USE_TLS must be true or false"),
    "level": ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL must be one of"),
}


@pytest.mark.parametrize(("wrong", "told"), WRONG.values(), ids=WRONG.keys())
def test_a_bad_environment_is_refused_in_one_line(wrong, told):
    done = start(good() | wrong)
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("django.core.exceptions.ImproperlyConfigured: ") and told in last
    assert WORD not in done.stderr


def test_the_command_line_shows_that_line_alone():
    done = start(good() | {"REDIS_URL": ""}, [sys.executable, "manage.py", "check"])
    assert done.stderr.strip() == (
        "Settings: REDIS_URL is not set. docs/settings.md says what it is for."
    )


def test_every_setting_has_its_line_in_the_table():
    table = (ROOT / "docs" / "settings.md").read_text()
    sources = "".join(path.read_text() for path in (ROOT / "portal/settings").glob("*.py"))
    read = set(re.findall(r"env\.read\w*\(\s*\"([A-Z_]+)\"", sources))
    assert len(read) > 20
    assert {name for name in read if f"| `{name}` |" not in table} == set()
