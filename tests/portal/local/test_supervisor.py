"""The whole start, with real services and a small stand-in for the portal itself."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from portal.local.plan import CHECKOUT
from portal.local.ports import free_port, free_ports

USABLE = "Usable after"


@dataclass
class Start:
    """One supervisor in its own process."""

    var: Path
    port: int
    gateway_port: int
    process: subprocess.Popen = field(default=None)

    def begin(self, **environment):
        """Start it; its output goes to a file that `said` reads."""
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.portal.local.stand_in_run"],
                cwd=CHECKOUT,
                env=self.environment() | environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        return self

    def environment(self):
        inherited = {k: v for k, v in os.environ.items() if k not in GIVEN}
        own = {"PORT": str(self.port), "GATEWAY_PORT": str(self.gateway_port)}
        return inherited | own | {"MILLWRIGHT_VAR": str(self.var), "DJANGO_SETTINGS_MODULE": ""}

    @property
    def out(self):
        return self.var.with_name(f"{self.var.name}.out")

    def said(self):
        return self.out.read_text()

    def says(self, text):
        """A check for `eventually`; a supervisor that ended will not say it any more."""

        def check():
            assert text in self.said() or self.process.poll() is None, self.said()
            return text in self.said()

        return check

    def wrote(self, name):
        path = self.var / name
        return path.exists() and path.read_text()

    def has_model_host(self):
        assert self.process.poll() is None, self.said()
        return self.wrote("model-host.json")

    def stop(self, number=signal.SIGINT):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(60)

    def page(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=10) as answer:
            return json.load(answer)

    def file(self, name):
        return json.loads((self.var / name).read_text())


GIVEN = (
    *("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "MLFLOW_TRACKING_URI", "MAKELEVEL"),
    *("SECRET_KEY", "VAULT_KEK", "KEY_PEPPER", "AUDIT_KEY", "KUBECONFIG"),
)


@pytest.fixture
def start(tmp_path):
    """A start that a test begins, ended afterwards whatever happened."""
    one = Start(tmp_path / "var", *free_ports(2))
    yield one
    if one.process and one.process.poll() is None:
        one.process.terminate()
        one.process.wait(60)


def test_the_whole_story_of_a_first_and_a_second_start(start, eventually, family_of, alive):
    start.begin()
    eventually(start.says("Demo sign-ins:"), within=180)
    assert start.page()["who"] == "millwright_app"
    assert "shown-to-all" in start.said()
    addresses = start.file("services.json")
    assert addresses["portal"] == f"http://127.0.0.1:{start.port}"
    assert set(addresses) == {"portal", "gateway", "mlflow", "model_host", "job_host"}
    assert (start.var / "services.json").stat().st_mode & 0o777 == 0o600
    family = family_of(start.process.pid)
    assert start.stop() == 0
    assert not alive(family)
    assert not (start.var / "services.json").exists()
    kept = start.file("ports.json")
    start.begin()
    eventually(start.says(USABLE))
    assert start.stop(signal.SIGTERM) == 0
    assert "Demo sign-ins:" in start.said()
    assert "Stopped in" in start.said()
    assert start.file("ports.json") == kept


def test_every_program_sees_its_own_secrets_and_none_are_shown(start, eventually):
    start.begin(SECRET_OF_THE_OPERATOR="x")
    eventually(start.has_model_host)
    assert {"SECRET_KEY", "VAULT_KEK", "KEY_PEPPER", "AUDIT_KEY"} <= set(start.page()["names"])
    assert "DATABASE_OWNER_URL" not in start.page()["names"]
    seen = set(start.file("model-host.json")["names"])
    assert {"MODEL_HOST_URL", "MODEL_HOST_TOKEN", "MLFLOW_TRACKING_URI", "MILLWRIGHT_VAR"} <= seen
    assert not [name for name in seen if name.startswith(("DATABASE", "REDIS", "SECRET", "VAULT"))]
    eventually(lambda: start.wrote("job-host.json"))
    seen = set(start.file("job-host.json")["names"])
    assert {"JOB_HOST_URL", "JOB_HOST_TOKEN", "MLFLOW_TRACKING_URI", "MILLWRIGHT_VAR"} <= seen
    assert "MODEL_HOST_TOKEN" not in seen
    assert not [name for name in seen if name.startswith(("DATABASE", "REDIS", "SECRET", "VAULT"))]
    start.stop()
    secrets = start.file("secrets.json").values()
    assert not [secret for secret in secrets if secret.rstrip("=") in start.said()]


def test_kill_9_leaves_no_process_and_the_next_start_works(start, eventually, family_of, alive):
    start.begin()
    eventually(start.has_model_host)
    eventually(lambda: len(family_of(start.process.pid)) > 20)
    family = family_of(start.process.pid)
    start.process.kill()
    start.process.wait()
    eventually(lambda: not alive(family), within=6)
    start.begin()
    eventually(start.says(USABLE))
    assert start.stop() == 0


def test_a_crashed_program_is_started_again(start, eventually):
    start.begin()
    eventually(start.says(USABLE))
    before = start.page()["pid"]
    os.kill(before, signal.SIGKILL)
    eventually(start.says("web ended with status 137"))
    eventually(lambda: serves_another(start, before))
    assert start.stop() == 0


def serves_another(start, pid):
    try:
        return start.page()["pid"] != pid
    except OSError:
        return False


def test_a_second_supervisor_is_refused_and_the_first_goes_on(start, eventually):
    start.begin()
    eventually(start.says(USABLE))
    second = Start(start.var, *free_ports(2))
    refusal = refused(second)
    assert f"Already running on {start.var} (process {start.process.pid}" in refusal
    assert start.page()["who"] == "millwright_app"


def refused(start, **environment):
    """What a start that cannot be says: one line, status 1."""
    process = subprocess.run(
        [sys.executable, "-m", "tests.portal.local.stand_in_run"],
        cwd=CHECKOUT,
        env=start.environment() | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert process.returncode == 1
    lines = process.stderr.strip().splitlines()
    assert len(lines) == 1, process.stderr
    return lines[0]


@pytest.mark.parametrize("variable", ["port", "gateway_port"])
def test_a_used_port_is_named_and_nothing_is_started(start, variable):
    with socket.create_server(("127.0.0.1", getattr(start, variable))):
        said = refused(start)
    assert f"Port {getattr(start, variable)} on 127.0.0.1 is in use" in said
    assert f"{variable.upper()}=" in said
    assert not (start.var / "log").exists()


def test_an_unreachable_given_service_is_named_without_its_password(start):
    port = free_port()
    said = refused(start, REDIS_URL=f"redis://:hidden@127.0.0.1:{port}/0")
    assert "REDIS_URL cannot be used" in said
    assert "hidden" not in said


def test_given_services_replace_the_embedded_ones(start, postgres, valkey, eventually):
    start.begin(
        DATABASE_URL=postgres.app_url,
        DATABASE_OWNER_URL=postgres.owner_url,
        REDIS_URL=valkey.url,
    )
    eventually(start.says(USABLE))
    assert not (start.var / "valkey").exists()
    with psycopg.connect(postgres.owner_url) as owner:
        assert owner.execute("SELECT to_regclass('visits') IS NOT NULL").fetchone() == (True,)
    assert "(for MLflow alone)" in start.said()
    assert start.stop() == 0
    assert postgres.passwords["millwright_app"] not in start.said()


def test_with_clusters_of_its_own_no_job_host_is_started(start, eventually):
    start.begin(KUBECONFIG="/nowhere/kubeconfig")
    eventually(start.has_model_host)
    eventually(start.says(USABLE))
    assert "job_host" not in start.file("services.json")
    assert not (start.var / "log" / "job-host.log").exists()
    assert start.stop() == 0


def test_failed_migrations_stop_the_start_with_one_line(start):
    said = refused(start, STAND_IN_FAILS="yes")
    assert 'The migrations failed (psycopg.errors.UndefinedTable: relation "no_such' in said
    assert "migrate.log" in said


def test_kill_9_of_make_stops_everything_in_order(start, eventually, family_of, alive):
    line = 'MAKELEVEL=1 "$0" -m tests.portal.local.stand_in_run & wait'
    with start.out.open("wb") as out:
        start.process = subprocess.Popen(
            ["sh", "-c", line, sys.executable], cwd=CHECKOUT, env=start.environment(), stdout=out
        )
    eventually(start.says(USABLE))
    family = family_of(start.process.pid)
    start.process.kill()
    start.process.wait()
    eventually(lambda: not alive(family))
    assert "Stopped in" in start.said()


def test_a_wrong_setting_is_one_line_of_the_real_command(start):
    command = [sys.executable, "-m", "portal.local", "run"]
    environment = start.environment() | {"PORT": "http"}
    ended = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr == "Millwright did not start: PORT must be a number from 1 to 65535.\n"
