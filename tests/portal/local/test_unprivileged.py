"""How PostgreSQL is started by root where user namespaces are forbidden."""

import os

import pytest

from portal.local import unprivileged
from portal.local.errors import LocalError
from portal.local.postgres import EmbeddedPostgres

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")


def test_without_namespaces_it_runs_as_nobody_below_a_private_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(unprivileged, "_namespace", lambda: ["no-such-program"])
    private = tmp_path / "home"
    private.mkdir(mode=0o700)
    server = EmbeddedPostgres(private / "var", durable=False)
    server.start()
    server.stop()
    assert server.data.stat().st_uid == unprivileged.NOBODY
    monkeypatch.undo()
    again = EmbeddedPostgres(private / "var", durable=False)
    again.start()
    again.stop()
    assert private.stat().st_mode & 0o777 == 0o700


def test_with_namespaces_no_file_changes_hands(tmp_path):
    server = EmbeddedPostgres(tmp_path, durable=False)
    if "unshare" not in unprivileged.prefix_for(server.data)[0]:
        pytest.skip("this machine allows no user namespaces")
    server.start()
    server.stop()
    assert {found.stat().st_uid for found in server.data.rglob("*")} == {0}


def test_where_nothing_works_one_line_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(unprivileged, "_works", lambda prefix: False)
    with pytest.raises(LocalError, match="start as an ordinary user, or set DATABASE_URL"):
        unprivileged.prefix_for(tmp_path)
