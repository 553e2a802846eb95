"""Services given by address: what will do, what will not, and that no password is ever said."""

import psycopg
import pytest

from portal.local import databases
from portal.local.errors import LocalError
from portal.local.given import check_database, check_mlflow, check_redis, hide
from portal.local.ports import free_port


def refused(check, *addresses, secret="hidden"):
    with pytest.raises(LocalError) as problem:
        check(*addresses)
    said = str(problem.value)
    assert "\n" not in said
    assert secret not in said
    return said


def test_the_roles_of_our_own_database_will_do(postgres):
    assert check_database(postgres.app_url, postgres.owner_url) == "18"


def test_a_role_above_the_walls_is_refused(postgres):
    said = refused(check_database, postgres.admin_url, postgres.owner_url)
    assert "two different databases" in said
    admin = postgres.admin_url.replace("/postgres", f"/{databases.PORTAL}").replace(
        f"//{databases.PORTAL}:", "//postgres:"
    )
    said = refused(check_database, admin, postgres.owner_url)
    assert "postgres is a superuser and may bypass row-level security" in said


def test_the_owner_is_refused_as_the_portals_role(postgres):
    assert "same role" in refused(check_database, postgres.owner_url, postgres.owner_url)


@pytest.mark.parametrize(
    ("change", "back", "complaint"),
    [
        (
            "GRANT millwright_owner TO millwright_app",
            "REVOKE millwright_owner FROM millwright_app",
            "is a member of the owner's role",
        ),
        (
            "ALTER ROLE millwright_app BYPASSRLS",
            "ALTER ROLE millwright_app NOBYPASSRLS",
            "may bypass row-level security",
        ),
    ],
)
def test_a_power_that_was_added_is_named(postgres, change, back, complaint):
    with psycopg.connect(postgres.admin_url, autocommit=True) as admin:
        admin.execute(change)
        try:
            assert complaint in refused(check_database, postgres.app_url, postgres.owner_url)
        finally:
            admin.execute(back)


@pytest.mark.parametrize("password", ["hidden", "hid%64en", "%68idden%zz", "hidden#x", "hid/den"])
def test_a_wrong_database_password_is_not_repeated(postgres, password):
    app = f"postgresql://{databases.APP}:{password}@127.0.0.1:{postgres.port}/{databases.PORTAL}"
    said = refused(check_database, app, postgres.owner_url)
    assert said.startswith("DATABASE_URL cannot be used: ")
    assert password not in said


def test_a_database_that_is_not_there_is_told_by_its_port(postgres):
    port = free_port()
    said = refused(check_database, f"postgresql://a:hidden@127.0.0.1:{port}/x", postgres.owner_url)
    assert str(port) in said


def test_valkey_will_do_and_a_wrong_password_is_not_repeated(valkey):
    assert int(check_redis(valkey.url).split(".")[0]) >= 7
    said = refused(check_redis, f"redis://:hidden@127.0.0.1:{valkey.port}/0")
    assert said.startswith("REDIS_URL cannot be used: ")
    assert "REDIS_URL" in refused(check_redis, f"redis://:hidden@127.0.0.1:{free_port()}/0")
    assert "REDIS_URL" in refused(check_redis, "redis://:hidden@127.0.0.1:nonsense/0")


@pytest.mark.parametrize("port", ["nonsense", "1"])
def test_a_registry_that_does_not_answer_is_refused(port):
    said = refused(check_mlflow, f"http://user:hidden@127.0.0.1:{port}")
    assert said.startswith("MLFLOW_TRACKING_URI")


def test_text_that_repeats_part_of_a_password_is_dropped():
    address = "postgresql://app:s%20ecret@db/x?password=inline"
    assert hide("no route\nto db", address) == "no route to db"
    assert hide("bad: s ecret", address) == ""
    assert hide("bad: s%20ecret", address) == ""
    assert hide("bad: inline", address) == ""
