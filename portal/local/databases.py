"""Roles and databases: who owns the tables, who may use them, and who may not come in."""

import psycopg
from psycopg import sql

OWNER = "millwright_owner"
APP = "millwright_app"
MLFLOW = "mlflow"
PORTAL = "millwright"
EXTENSIONS = ("pg_trgm", "unaccent")
NO_POWERS = "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION"


def bring_up_to_date(admin_url: str, passwords: dict[str, str]) -> None:
    """Make what is missing of the three roles and two databases; done again it changes nothing."""
    with psycopg.connect(admin_url, autocommit=True) as admin:
        for role in (OWNER, APP, MLFLOW):
            _role(admin, role, passwords[role])
        _database(admin, PORTAL, owner=OWNER, guests=(APP,))
        _database(admin, MLFLOW, owner=MLFLOW)
    with psycopg.connect(admin_url, dbname=PORTAL, autocommit=True) as admin:
        prepare(admin, owner=OWNER, app=APP)


def prepare(admin: psycopg.Connection, *, owner: str, app: str) -> None:
    """Extensions, and rights of `app` on what `owner` will make, in the connected database.

    The superuser does this for the embedded database and for those that tests make.
    """
    for extension in EXTENSIONS:
        admin.execute(
            sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension))
        )
    admin.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    open_to(admin, owner=owner, app=app)


def open_to(connection: psycopg.Connection, *, owner: str, app: str) -> None:
    """Let `app` use, but neither own nor alter, what `owner` makes from now on.

    Tables that exist already keep the rights that their migrations gave.
    """
    names = {"owner": sql.Identifier(owner), "app": sql.Identifier(app)}
    for statement in (
        "GRANT USAGE ON SCHEMA public TO {app}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public "
        "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public "
        "GRANT USAGE, SELECT ON SEQUENCES TO {app}",
    ):
        connection.execute(sql.SQL(statement).format(**names))


def _role(admin: psycopg.Connection, name: str, password: str) -> None:
    """The password leaves this process only as a SCRAM verifier."""
    known = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    verifier = admin.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    statement = f"{'ALTER' if known else 'CREATE'} ROLE {{}} WITH {NO_POWERS} PASSWORD {{}}"
    admin.execute(sql.SQL(statement).format(sql.Identifier(name), sql.Literal(verifier.decode())))


def _database(
    admin: psycopg.Connection, name: str, *, owner: str, guests: tuple[str, ...] = ()
) -> None:
    known = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
    parts = {"database": sql.Identifier(name), "owner": sql.Identifier(owner)}
    if not known:
        admin.execute(sql.SQL("CREATE DATABASE {database} OWNER {owner}").format(**parts))
    admin.execute(sql.SQL("REVOKE ALL ON DATABASE {database} FROM PUBLIC").format(**parts))
    for guest in guests:
        admin.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {database} TO {guest}").format(
                guest=sql.Identifier(guest), **parts
            )
        )
