"""The embedded PostgreSQL: its roles, its folder, and what it survives."""

import os
import signal
from contextlib import suppress

import psycopg
import pytest

from portal.local import databases
from portal.local.errors import LocalError
from portal.local.postgres import EmbeddedPostgres


def ask(url, question, *values):
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(question, values).fetchone()


def test_the_portals_role_has_no_power_and_owns_nothing(postgres):
    powers = "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles"
    for role in (databases.OWNER, databases.APP, databases.MLFLOW):
        found = ask(postgres.admin_url, f"{powers} WHERE rolname = %s", role)
        assert found == (False, False, False, False)
    with psycopg.connect(postgres.app_url, autocommit=True) as app:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("CREATE TABLE mine (id int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(f"SET ROLE {databases.OWNER}")


def test_the_portals_role_uses_what_the_owner_makes(postgres):
    with psycopg.connect(postgres.owner_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE thing (id bigserial PRIMARY KEY, name text)")
        owner.execute("SELECT similarity('digits', 'digit'), unaccent('é')")
    with psycopg.connect(postgres.app_url, autocommit=True) as app:
        app.execute("INSERT INTO thing (name) VALUES ('digits')")
        assert app.execute("SELECT name FROM thing").fetchone() == ("digits",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("DROP TABLE thing")


@pytest.mark.parametrize("stranger", ["app", "mlflow"])
def test_nobody_enters_the_other_database(postgres, stranger):
    url, other = {
        "app": (postgres.app_url, databases.MLFLOW),
        "mlflow": (postgres.mlflow_url, databases.PORTAL),
    }[stranger]
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(url, dbname=other)


def test_a_password_is_asked_for_and_kept_private(postgres):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.admin_url, password="guessed")
    assert (postgres.folder / "secrets.json").stat().st_mode & 0o777 == 0o600
    log = (postgres.folder / "log" / "postgres.log").read_text()
    assert not [word for word in postgres.passwords.values() if word in log]


def test_it_keeps_time_in_utc_and_lets_nobody_idle_in_a_transaction(postgres):
    assert ask(postgres.app_url, "SHOW timezone") == ("UTC",)
    assert ask(postgres.app_url, "SHOW idle_in_transaction_session_timeout") == ("1min",)
    assert ask(postgres.app_url, "SHOW max_prepared_transactions") == ("0",)
    assert ask(postgres.app_url, "SHOW server_encoding") == ("UTF8",)


def test_rows_port_and_passwords_survive_kill_9_and_a_new_start(tmp_path, family_of):
    server = EmbeddedPostgres(tmp_path, durable=True)
    server.start()
    try:
        with psycopg.connect(server.owner_url) as owner:
            owner.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        for pid in family_of(server.child.process.pid):
            with suppress(ProcessLookupError):  # a backend that ended by itself meanwhile
                os.kill(pid, signal.SIGKILL)
        again = EmbeddedPostgres(tmp_path, durable=True)
        again.start()
    finally:
        server.stop()
    try:
        assert ask(again.owner_url, "SELECT answer FROM kept") == (42,)
        assert again.passwords == server.passwords
    finally:
        again.stop()


def test_it_takes_the_same_port_again(tmp_path):
    ports = []
    for _ in range(2):
        server = EmbeddedPostgres(tmp_path, durable=False)
        server.start()
        server.stop()
        ports.append(server.port)
    assert ports[0] == ports[1]


def test_a_folder_of_something_else_is_left_as_it_is(tmp_path):
    server = EmbeddedPostgres(tmp_path, durable=False)
    server.data.mkdir()
    (server.data / "PG_VERSION").write_text("18\n")
    (tmp_path / "secrets.json").write_text("{}")
    with pytest.raises(LocalError, match="made by something else") as refused:
        server.start()
    assert "\n" not in str(refused.value)
    assert [found.name for found in server.data.iterdir()] == ["PG_VERSION"]


def test_a_half_finished_first_start_is_moved_aside(tmp_path):
    server = EmbeddedPostgres(tmp_path, durable=False)
    half = tmp_path / f"{server.data.name}.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    server.start()
    server.stop()
    assert server.set_aside == tmp_path / f"{server.data.name}.unfinished-1"
    assert [found.name for found in server.set_aside.iterdir()] == ["PG_VERSION"]


def test_lost_secrets_are_not_replaced_by_new_ones(tmp_path):
    server = EmbeddedPostgres(tmp_path, durable=False)
    server.start()
    server.stop()
    (tmp_path / "secrets.json").rename(tmp_path / "lost.json")
    with pytest.raises(LocalError, match="secrets.json is missing"):
        EmbeddedPostgres(tmp_path, durable=False).start()
    assert not (tmp_path / "secrets.json").exists()


def test_a_wrong_program_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    with pytest.raises(LocalError, match="PG_BIN=.* holds no PostgreSQL"):
        EmbeddedPostgres(tmp_path, durable=False)
