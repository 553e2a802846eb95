"""Checks services that were given by address, before anything is started on them."""

import re
from urllib.parse import unquote

import psycopg
import redis
from psycopg.conninfo import conninfo_to_dict

from portal.local import databases
from portal.local.binaries import OLDEST_POSTGRES
from portal.local.errors import LocalError
from portal.local.mlflow import answers

POWERS = """
    SELECT rolsuper, rolbypassrls, rolcreaterole,
           EXISTS (SELECT 1 FROM pg_database
                    WHERE datname = current_database() AND datdba = r.oid),
           EXISTS (SELECT 1 FROM pg_class WHERE relowner = r.oid AND relpersistence = 'p'),
           pg_has_role(r.oid, %s::name, 'MEMBER')
      FROM pg_roles r WHERE rolname = current_user
"""
FORBIDDEN = (
    "is a superuser",
    "may bypass row-level security",
    "may make roles",
    "owns the database",
    "owns tables",
    "is a member of the owner's role",
)


def check_database(app_url: str, owner_url: str) -> str:
    """The version of a database that will do; extensions and default rights are in place then.

    LocalError when it cannot be reached, is too old, or the portal's role could get around its
    walls: such a role would make row-level security and the insert-only trail worthless.
    """
    with (
        _connect("DATABASE_URL", app_url) as app,
        _connect("DATABASE_OWNER_URL", owner_url) as owner,
    ):
        if app.info.server_version < OLDEST_POSTGRES * 10000:
            raise LocalError(
                f"DATABASE_URL: PostgreSQL {app.info.server_version // 10000} will not do, "
                f"version {OLDEST_POSTGRES} or later is needed."
            )
        if _place(app) != _place(owner):
            raise LocalError(
                "DATABASE_URL and DATABASE_OWNER_URL name two different databases: they must be "
                "two roles in the same one."
            )
        powers = app.execute(POWERS, [owner.info.user]).fetchone()
        if app.info.user == owner.info.user:
            raise LocalError("DATABASE_URL and DATABASE_OWNER_URL name the same role: use two.")
        if found := [text for text, has in zip(FORBIDDEN, powers, strict=True) if has]:
            raise LocalError(
                f"DATABASE_URL: the role {app.info.user} {' and '.join(found)}: give a role "
                "without that, the portal must not stand above its own walls."
            )
        _make_ready(owner, app.info.user)
        return str(app.info.server_version // 10000)


def check_redis(url: str) -> str:
    """The version of a Redis or Valkey that answers."""
    try:
        client = redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5, retry=None)
        with client:
            client.ping()
            return str(client.info("server").get("redis_version", "unknown"))
    except (redis.exceptions.RedisError, OSError, ValueError) as problem:
        raise LocalError(_unusable("REDIS_URL", url, problem)) from None


def check_mlflow(url: str) -> None:
    """LocalError unless an MLflow server answers there."""
    try:
        well = answers(url, "/health", timeout=10)
    except ValueError as problem:
        raise LocalError(_unusable("MLFLOW_TRACKING_URI", url, problem)) from None
    if not well:
        raise LocalError(
            "MLFLOW_TRACKING_URI: no MLflow server answers at that address on /health."
        )


def hide(text: str, address: str) -> str:
    """One line of `text`, or nothing at all where it repeats a secret part of the address."""
    line = " ".join(text.split())
    after_user = address.partition("//")[2].rpartition("@")[0].partition(":")[2]
    query = address.partition("?")[2]
    parts = re.split(r"[@:/?#&=]", after_user) + re.split(r"[&=]", query)
    secrets = {part for raw in [after_user, *parts] for part in (raw, unquote(raw))}
    return "" if any(len(part) > 2 and part in line for part in secrets) else line[:300]


def _connect(name: str, url: str) -> psycopg.Connection:
    try:
        return psycopg.connect(url, connect_timeout=10, autocommit=True)
    except (psycopg.Error, ValueError) as problem:
        raise LocalError(_unusable(name, url, problem)) from None


def _place(connection: psycopg.Connection) -> tuple:
    """The same for two connections to the same database of the same server."""
    return connection.execute(
        "SELECT current_database(), oid, pg_postmaster_start_time() FROM pg_database "
        "WHERE datname = current_database()"
    ).fetchone()


def _make_ready(owner: psycopg.Connection, app: str) -> None:
    try:
        for extension in databases.EXTENSIONS:
            owner.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
        databases.open_to(owner, owner=owner.info.user, app=app)
    except psycopg.Error as problem:
        said = str(problem).splitlines()[0]
        raise LocalError(
            f"DATABASE_OWNER_URL: the role {owner.info.user} cannot make the database ready "
            f"({said}): it must own the database, with extensions "
            f"{' and '.join(databases.EXTENSIONS)} made or allowed."
        ) from None


def _unusable(name: str, url: str, problem: Exception) -> str:
    said = hide(str(problem), url) or "check the address and the password"
    return f"{name} cannot be used: {said.rstrip('.')}."


def address_without_secrets(url: str) -> str:
    """Host, port and database of an address, for a progress line."""
    if url.startswith("postgres"):
        try:
            known = conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            return "a given address"
        return f"{known.get('host', 'local')}:{known.get('port', 5432)}/{known.get('dbname', '')}"
    return url.partition("//")[2].rpartition("@")[2].partition("/")[0]
