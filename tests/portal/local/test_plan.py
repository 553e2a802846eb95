"""What the environment asks for, and the one line where it cannot be meant."""

import pytest

from portal.local.errors import LocalError
from portal.local.plan import read_plan

APP = "postgresql://app:hidden@db/portal"
OWNER = "postgresql://owner:hidden@db/portal"


def test_nothing_given_means_everything_embedded_on_the_loopback():
    plan = read_plan({})
    assert (plan.host, plan.port, plan.gateway_port) == ("127.0.0.1", 8000, 8001)
    assert plan.var.name == "var"
    assert plan.needs_postgres


def test_each_part_is_replaced_by_itself():
    assert read_plan({"PORT": "9000"}).gateway_url == "http://127.0.0.1:9001"
    assert read_plan({"REDIS_URL": "redis://r"}).needs_postgres
    given = {"DATABASE_URL": APP, "DATABASE_OWNER_URL": OWNER}
    assert read_plan(given).needs_postgres, "MLflow of our own still lives in PostgreSQL"
    assert not read_plan(given | {"MLFLOW_TRACKING_URI": "http://m/"}).needs_postgres


def test_an_address_to_open_is_shown_for_every_host():
    assert read_plan({"HOST": "0.0.0.0"}).portal_url == "http://127.0.0.1:8000"
    assert read_plan({"HOST": "::1"}).portal_url == "http://[::1]:8000"


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"PORT": "http"}, "PORT must be a number from 1 to 65535"),
        ({"PORT": "0"}, "PORT must be a number from 1 to 65535"),
        ({"PORT": "65535"}, "GATEWAY_PORT must be a number"),
        ({"PORT": "90", "GATEWAY_PORT": "90"}, "both 90"),
        ({"DATABASE_URL": APP}, "DATABASE_OWNER_URL is missing"),
        ({"DATABASE_OWNER_URL": OWNER}, "DATABASE_URL is missing"),
        (
            {"DATABASE_URL": "sqlite:///hidden", "DATABASE_OWNER_URL": OWNER},
            "begins with postgres",
        ),
        ({"REDIS_URL": "hidden:6379"}, "begins with redis://"),
        ({"MLFLOW_TRACKING_URI": "file:///hidden"}, "begins with http://"),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_line_without_secrets(environment, complaint):
    with pytest.raises(LocalError, match=complaint) as refused:
        read_plan(environment)
    assert "\n" not in str(refused.value)
    assert "hidden" not in str(refused.value)
