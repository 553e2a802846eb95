"""The folder of a local start: private, marked, held by one."""

import os

import pytest

from portal.local.errors import LocalError
from portal.local.folder import Lock, read_json, write_json
from portal.local.keep import keep
from portal.local.ports import free_ports, remembered, reserve


def test_secrets_are_made_once_and_kept_private(tmp_path):
    first = keep(tmp_path, "SECRET_KEY", "VAULT_KEK")
    assert keep(tmp_path, "SECRET_KEY", "VAULT_KEK", "LATER")["VAULT_KEK"] == first["VAULT_KEK"]
    assert len(set(first.values())) == 2
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "{half", "[]", "\x00"])
def test_broken_secrets_are_named_and_left_as_they_are(tmp_path, content):
    path = tmp_path / "secrets.json"
    path.write_text(content)
    with pytest.raises(LocalError, match="repair it, or put its last good copy back"):
        keep(tmp_path, "SECRET_KEY")
    assert path.read_text() == content


def test_a_file_is_replaced_in_one_step_and_stays_private(tmp_path):
    path = tmp_path / "services.json"
    path.write_text("{}")
    path.chmod(0o644)
    write_json(path, {"portal": "http://x"})
    assert read_json(path) == {"portal": "http://x"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["services.json"]


def test_a_second_holder_is_told_of_the_first(tmp_path):
    first = Lock(tmp_path)
    first.take(address="http://127.0.0.1:8000")
    with pytest.raises(LocalError, match=f"process {os.getpid()}, http://127.0.0.1:8000"):
        Lock(tmp_path).take(address="http://127.0.0.1:9000")
    first.release()
    Lock(tmp_path).take(address="http://127.0.0.1:9000")


def test_ports_that_are_found_together_differ():
    for _ in range(200):
        assert len(set(free_ports(50))) == 50


def test_services_keep_their_ports_and_never_share_one(tmp_path):
    first = remembered(tmp_path, "valkey")
    assert remembered(tmp_path, "valkey") == first
    assert remembered(tmp_path, "mlflow") != first
    reserve(tmp_path, portal=first)
    assert remembered(tmp_path, "valkey") != first
