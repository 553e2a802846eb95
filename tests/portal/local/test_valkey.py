"""The embedded Valkey: closed to strangers, forgets nothing that it should keep."""

import os
import signal
import time

import pytest
import redis

from portal.local.errors import LocalError
from portal.local.valkey import EmbeddedValkey


def client(server):
    return redis.Redis.from_url(server.url, decode_responses=True)


def test_it_evicts_nothing_and_asks_for_a_password(valkey):
    assert client(valkey).config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
    assert client(valkey).config_get("appendonly")["appendonly"] == "no"
    with pytest.raises(redis.exceptions.AuthenticationError):
        redis.Redis(port=valkey.port, retry=None).ping()


def test_its_password_is_neither_an_argument_nor_readable_by_others(valkey, family_of):
    for pid in family_of(os.getpid()):
        with open(f"/proc/{pid}/cmdline") as arguments:
            assert valkey.password not in arguments.read()
    assert (valkey.data / "valkey.conf").stat().st_mode & 0o777 == 0o600


def test_what_was_written_survives_kill_9(tmp_path, family_of):
    server = EmbeddedValkey(tmp_path, durable=True)
    server.start()
    client(server).set("owed", "yes")
    time.sleep(1.5)
    for pid in family_of(server.child.process.pid):
        os.kill(pid, signal.SIGKILL)
    server.child.process.wait(10)
    again = EmbeddedValkey(tmp_path, durable=True)
    again.start()
    try:
        assert client(again).get("owed") == "yes"
        assert again.port == server.port
    finally:
        again.stop()


def test_a_folder_of_something_else_is_left_as_it_is(tmp_path):
    (tmp_path / "valkey").mkdir()
    (tmp_path / "valkey" / "dump.rdb").write_text("somebody's")
    with pytest.raises(LocalError, match="made by something else"):
        EmbeddedValkey(tmp_path, durable=False).start()
    assert [found.name for found in (tmp_path / "valkey").iterdir()] == ["dump.rdb"]


def test_a_wrong_program_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("VALKEY_BIN", str(tmp_path / "nothing"))
    with pytest.raises(LocalError, match="VALKEY_BIN=.* is no Valkey"):
        EmbeddedValkey(tmp_path, durable=False)
