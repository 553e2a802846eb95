"""The whole product as processes, started the way `make run` starts it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from portal.local.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
GIVEN = {"PORT", "HOST", "GATEWAY_PORT", "DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"}
GIVEN |= {"MLFLOW_TRACKING_URI", "DJANGO_SETTINGS_MODULE", "MILLWRIGHT_VAR", "SECRET_KEY"}
GIVEN |= {"VAULT_KEK", "KEY_PEPPER", "AUDIT_KEY", "REGISTRY_ENGINE", "SERVING_ENGINE"}
GIVEN |= {"JOB_ENGINE_LOCAL", "JOB_ENGINE_KUEUE"}


class StackFailed(Exception):
    """The product did not start; the message carries its last words."""


@dataclass
class Stack:
    """A running product: its address and the sign-ins of the cast."""

    var: Path
    ports: list[int] = field(default_factory=lambda: free_ports(2))  # portal, gateway
    process: subprocess.Popen | None = None
    people: dict[str, dict] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return self.ports[0]

    @property
    def gateway_port(self) -> int:
        return self.ports[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.gateway_port}"

    def start(self, *, within: float = 900) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in GIVEN}
        environment |= {
            "MILLWRIGHT_VAR": str(self.var),
            "PORT": str(self.port),
            "GATEWAY_PORT": str(self.gateway_port),
        }
        self.var.mkdir(parents=True, exist_ok=True)
        with (self.var / "run.log").open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "portal.local", "run"],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._await_ready(time.monotonic() + within)
        self.read()

    def read(self) -> None:
        """Learn the sign-ins and addresses of a product that is running."""
        sign_ins = json.loads((self.var / "demo.json").read_text())
        self.people = {person["username"]: person for person in sign_ins}
        addresses = json.loads((self.var / "services.json").read_text())
        self.ports = [int(addresses[name].rpartition(":")[2]) for name in ("portal", "gateway")]

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=120)

    def _await_ready(self, give_up: float) -> None:
        while not self._ready():
            if self.process.poll() is not None or time.monotonic() > give_up:
                words = (self.var / "run.log").read_text()[-3000:]
                self.stop()
                raise StackFailed(words)
            time.sleep(1)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return json.load(answer)["demo"] == "ready"
        except OSError:
            return False
