"""The portal's own programs: how each is called, and which secrets each may see."""

import os
import sys
from dataclasses import dataclass

from portal.local.keep import PORTAL_SECRETS, keep
from portal.local.plan import Plan
from portal.local.ports import LOOPBACK, remembered
from portal.local.processes import ChildProcess, plain_environment

WORKERS = "2"
JOB_HOST_LIMITS = ("JOB_HOST_CPU", "JOB_HOST_MEMORY_MB", "JOB_HOST_FOLDER")
NEVER_INHERITED = ("DATABASE_OWNER_URL", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")


@dataclass(frozen=True)
class Addresses:
    """Where the services are that the programs work on; the two database addresses are secret."""

    app_url: str
    owner_url: str
    redis_url: str
    mlflow_url: str
    model_host_url: str
    job_host_url: str

    def told(self, plan: Plan) -> dict[str, str]:
        """What other programs on this machine may know; what is not started is left out."""
        every = {
            "portal": plan.portal_url,
            "gateway": plan.gateway_url,
            "mlflow": self.mlflow_url,
            "model_host": self.model_host_url,
            "job_host": self.job_host_url,
        }
        return {name: address for name, address in every.items() if address}


def host_address(plan: Plan, name: str) -> str:
    """The loopback address that a host (`model_host`, `job_host`) has on this installation."""
    return f"http://{LOOPBACK}:{remembered(plan.var, name)}"


class Programs:
    """Makes the child processes of one start."""

    def __init__(self, plan: Plan, addresses: Addresses):
        self.plan = plan
        self.addresses = addresses
        given = {name: os.environ[name] for name in PORTAL_SECRETS if os.environ.get(name)}
        self.secrets = keep(plan.var, *PORTAL_SECRETS) | given

    def migrate(self) -> ChildProcess:
        """Works as the owner of the tables; knows the portal's role for the rights it grants."""
        environment = self._of_the_portal() | {"DATABASE_OWNER_URL": self.addresses.owner_url}
        command = ["manage.py", "migrate", "--no-input", "--database", "owner"]
        return self._child("migrate", command, environment)

    def seed(self) -> ChildProcess:
        environment = self._of_the_portal() | {"DATABASE_OWNER_URL": self.addresses.owner_url}
        return self._child("seed", ["manage.py", "seed_demo"], environment)

    def web(self) -> ChildProcess:
        return self._server("web", "portal.asgi:application", self.plan.port)

    def gateway(self) -> ChildProcess:
        return self._server("gateway", "compute.gateway.asgi:application", self.plan.gateway_port)

    def worker(self) -> ChildProcess:
        command = ["-m", "celery", "-A", "portal", "worker", "--loglevel", "INFO"]
        command += ["-Q", "quick,engine,period", "--concurrency", WORKERS, "-n", "worker@local"]
        command += ["--without-gossip", "--without-mingle"]
        return self._child("worker", command, self._of_the_portal())

    def beat(self) -> ChildProcess:
        command = ["-m", "celery", "-A", "portal", "beat", "--loglevel", "INFO", "--pidfile="]
        command += ["--schedule", str(self.plan.var / "beat-schedule")]
        return self._child("beat", command, self._of_the_portal())

    def keeper(self) -> ChildProcess:
        return self._child("keeper", ["manage.py", "keep_jobs"], self._of_the_portal())

    def model_host(self) -> ChildProcess:
        """It runs code that came with models, so it gets no database and no key of ours."""
        environment = plain_environment(
            MODEL_HOST_URL=self.addresses.model_host_url,
            MODEL_HOST_TOKEN=self.secrets["MODEL_HOST_TOKEN"],
            MLFLOW_TRACKING_URI=self.addresses.mlflow_url,
            MILLWRIGHT_VAR=str(self.plan.var),
            MLFLOW_DISABLE_TELEMETRY="true",
        )
        return self._child("model-host", ["-m", "compute.engines.model_host"], environment)

    def job_host(self) -> ChildProcess:
        """It runs what people submit, so it gets no database and no key of ours either."""
        given = {name: os.environ[name] for name in JOB_HOST_LIMITS if os.environ.get(name)}
        environment = plain_environment(
            JOB_HOST_URL=self.addresses.job_host_url,
            JOB_HOST_TOKEN=self.secrets["JOB_HOST_TOKEN"],
            MLFLOW_TRACKING_URI=self.addresses.mlflow_url,
            MILLWRIGHT_VAR=str(self.plan.var),
            **given,
        )
        return self._child("job-host", ["-m", "compute.engines.job_host"], environment)

    def _server(self, name: str, application: str, port: int) -> ChildProcess:
        command = ["-m", "uvicorn", application, "--host", self.plan.host, "--port", str(port)]
        command += ["--ws-max-size", "65536", "--no-proxy-headers", "--no-server-header"]
        command += ["--no-access-log", "--timeout-graceful-shutdown", "5"]
        return self._child(name, command, self._of_the_portal())

    def _child(self, name: str, arguments: list[str], environment: dict) -> ChildProcess:
        return ChildProcess(
            name=name,
            command=[sys.executable, *arguments],
            log=self.plan.var / "log" / f"{name}.log",
            environment=environment,
            folder=self.plan.checkout,
        )

    def _of_the_portal(self) -> dict[str, str]:
        """All of our environment, so that every documented setting reaches the portal."""
        environment = {k: v for k, v in os.environ.items() if k not in NEVER_INHERITED}
        environment.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.local")
        return environment | self.own() | {"PYTHONUNBUFFERED": "1"}

    def own(self) -> dict[str, str]:
        """What a program of this portal must know and its user's shell does not: 600, no log."""
        return self.secrets | {
            "DATABASE_URL": self.addresses.app_url,
            "REDIS_URL": self.addresses.redis_url,
            "MLFLOW_TRACKING_URI": self.addresses.mlflow_url,
            "PORTAL_URL": self.plan.portal_url,
            "GATEWAY_URL": self.plan.gateway_url,
            "MODEL_HOST_URL": self.addresses.model_host_url,
            "JOB_HOST_URL": self.addresses.job_host_url,
            "MILLWRIGHT_VAR": str(self.plan.var),
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
