"""The embedded MLflow server: its own database, its own host name, nothing left behind."""

import http.client
from pathlib import Path

import psycopg
import pytest

from portal.local.errors import LocalError
from portal.local.mlflow import EmbeddedMlflow, status_of


def test_it_works_in_its_own_database_and_leaves_nothing_behind(
    postgres, tmp_path, family_of, alive
):
    server = EmbeddedMlflow(tmp_path, database_url=postgres.mlflow_url)
    server.start()
    family = family_of(server.child.process.pid)
    try:
        with psycopg.connect(postgres.mlflow_url) as mlflow:
            assert mlflow.execute("SELECT name FROM experiments").fetchone() == ("Default",)
        assert status_of(server.url, "/api/2.0/mlflow/experiments/get?experiment_id=0") == 200
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        path = "/api/2.0/mlflow/experiments/get?experiment_id=0"
        connection.request("GET", path, headers={"Host": "rebound.example"})
        assert connection.getresponse().status == 403
        secret = postgres.passwords["mlflow"]
        shown = [Path(f"/proc/{pid}/cmdline").read_text() for pid in family]
        assert not [line for line in shown if secret in line]
    finally:
        server.stop()
    assert family
    assert not alive(family)
    assert secret not in server.child.log.read_text()


def test_one_that_cannot_start_says_where_to_look(tmp_path):
    server = EmbeddedMlflow(tmp_path, database_url="nonsense://nowhere")
    with pytest.raises(LocalError, match=r"MLflow does not start .*mlflow\.log"):
        server.start()
    assert not server.child.running
