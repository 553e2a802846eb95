"""What the gateway needs to know, read once from the portal's settings."""

from dataclasses import dataclass, field

from django.conf import settings
from psycopg.conninfo import make_conninfo

DATABASE_PATIENCE = 1.5  # seconds until a call is refused because the database is silent
BODY_PATIENCE = 30.0  # seconds for the whole body of a request
START_PATIENCE = 25.0  # seconds that a call waits for a model that is being started
MOST_WAITING = 32  # calls that wait like this at once; each holds its body
CONNECT_PATIENCE = 3.0  # seconds to reach a model worker
FAREWELL_PATIENCE = 10.0  # seconds that calls under way get when the process is told to end
ANSWER_LIMIT = 64 * 1024 * 1024  # bytes of one answer
POOL_SIZE = 8
GUARDS = (
    "-c statement_timeout=5000 -c lock_timeout=1200 -c synchronous_commit=on "
    "-c plan_cache_mode=force_generic_plan"  # planning the admission costs more than running it
)


@dataclass(frozen=True)
class Config:
    """Addresses, limits (bytes, seconds) and secrets; nothing here is printed."""

    conninfo: str = field(repr=False)
    peppers: dict[int, bytes] = field(repr=False)
    vault_keys: dict[str, bytes] = field(repr=False)
    audit_key: bytes = field(repr=False)
    portal_url: str
    version: str
    body_limit: int
    upstream_timeout: float
    body_patience: float = BODY_PATIENCE
    database_patience: float = DATABASE_PATIENCE
    start_patience: float = START_PATIENCE


def read_config() -> Config:
    """The configuration of this process. Only the portal's settings are read, no app is loaded."""
    return Config(
        conninfo=_conninfo(settings.DATABASES["default"]),
        peppers=dict(settings.KEY_PEPPERS),
        vault_keys=dict(settings.VAULT_KEYS),
        audit_key=settings.AUDIT_KEY,
        portal_url=settings.PORTAL_URL,
        version=settings.VERSION,
        body_limit=settings.GATEWAY_BODY_LIMIT,
        upstream_timeout=float(settings.GATEWAY_UPSTREAM_TIMEOUT),
    )


def _conninfo(database: dict) -> str:
    parts = {
        "dbname": database["NAME"],
        "user": database["USER"],
        "password": database["PASSWORD"],
        "host": database["HOST"],
        "port": database["PORT"],
    }
    given = {name: value for name, value in parts.items() if value}
    return make_conninfo(
        "", **given, connect_timeout="2", application_name="millwright-gateway", options=GUARDS
    )
