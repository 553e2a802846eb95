"""What was asked for: addresses, folders and services that are given instead of started."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from portal.local.errors import LocalError
from portal.local.ports import LOOPBACK

CHECKOUT = Path(__file__).resolve().parents[2]
EVERYWHERE = {"0.0.0.0": LOOPBACK, "::": "[::1]", "": LOOPBACK}  # noqa: S104


@dataclass(frozen=True)
class Plan:
    """One start of the portal, read from the environment."""

    host: str
    port: int
    gateway_port: int
    var: Path
    database_url: str
    database_owner_url: str
    redis_url: str
    mlflow_url: str
    kubeconfig: str = ""
    checkout: Path = CHECKOUT

    @property
    def portal_url(self) -> str:
        return f"http://{self._shown_host}:{self.port}"

    @property
    def gateway_url(self) -> str:
        return f"http://{self._shown_host}:{self.gateway_port}"

    @property
    def needs_postgres(self) -> bool:
        """MLflow of our own lives in PostgreSQL of our own."""
        return not (self.database_url and self.mlflow_url)

    @property
    def needs_job_host(self) -> bool:
        """Jobs run on this machine unless clusters are given."""
        return not self.kubeconfig

    @property
    def _shown_host(self) -> str:
        host = EVERYWHERE.get(self.host, self.host)
        return f"[{host}]" if ":" in host and not host.startswith("[") else host


def read_plan(environment: Mapping[str, str] = os.environ) -> Plan:
    """The plan of this environment; LocalError where a value cannot be meant."""
    port = _port(environment, "PORT", 8000)
    gateway_port = _port(environment, "GATEWAY_PORT", port + 1)
    if port == gateway_port:
        raise LocalError(f"PORT and GATEWAY_PORT are both {port}: they need two different ports.")
    given = {
        name: environment.get(name, "").strip()
        for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "MLFLOW_TRACKING_URI")
    }
    _check_pair(given)
    _check_scheme("REDIS_URL", given["REDIS_URL"], "redis://", "rediss://")
    _check_scheme("MLFLOW_TRACKING_URI", given["MLFLOW_TRACKING_URI"], "http://", "https://")
    return Plan(
        host=environment.get("HOST", "").strip() or LOOPBACK,
        port=port,
        gateway_port=gateway_port,
        var=Path(environment.get("MILLWRIGHT_VAR") or CHECKOUT / "var").absolute(),
        database_url=given["DATABASE_URL"],
        database_owner_url=given["DATABASE_OWNER_URL"],
        redis_url=given["REDIS_URL"],
        mlflow_url=given["MLFLOW_TRACKING_URI"].rstrip("/"),
        kubeconfig=environment.get("KUBECONFIG", "").strip(),
    )


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    value = environment.get(name, "").strip() or str(default)
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 65535:
        raise LocalError(f"{name} must be a number from 1 to 65535.")
    return int(value)


def _check_pair(given: Mapping[str, str]) -> None:
    for name, why in (
        ("DATABASE_URL", "the role that the portal works as, which owns nothing"),
        ("DATABASE_OWNER_URL", "the role that owns the tables, for migrations"),
    ):
        if not given[name] and (given["DATABASE_URL"] or given["DATABASE_OWNER_URL"]):
            raise LocalError(f"{name} is missing: it names {why}. Set both, or neither.")
        _check_scheme(name, given[name], "postgresql://", "postgres://")


def _check_scheme(name: str, value: str, *schemes: str) -> None:
    if value and not value.startswith(schemes):
        raise LocalError(f"{name} must be an address that begins with {' or '.join(schemes)}.")
