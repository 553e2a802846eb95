"""How PostgreSQL is started by root where user namespaces are forbidden."""

import os
from pathlib import Path

import pytest

from portal.local import unprivileged
from portal.local.errors import LocalError
from portal.local.postgres import EmbeddedPostgres

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")


def test_without_namespaces_it_runs_as_nobody_below_a_private_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(unprivileged, "_namespace", lambda: ("no-such-program",))
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
    if "unshare" not in unprivileged.identity_for(server.data, Path("/bin/sh")).prefix[0]:
        pytest.skip("this machine allows no user namespaces")
    server.start()
    server.stop()
    assert {found.stat().st_uid for found in server.data.rglob("*")} == {0}


def test_where_nothing_works_one_line_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(unprivileged, "_works", lambda *_: False)
    with pytest.raises(LocalError, match="start as an ordinary user, or set DATABASE_URL"):
        unprivileged.identity_for(tmp_path, Path("/bin/sh"))


@pytest.mark.parametrize("whose", ["home", "home/var"])
def test_root_works_below_the_private_folder_of_a_user(tmp_path, whose):
    (tmp_path / "home" / "var").mkdir(parents=True)
    os.chown(tmp_path / whose, 4321, 4321)
    (tmp_path / whose).chmod(0o700)
    for _ in range(2):
        server = EmbeddedPostgres(tmp_path / "home" / "var", durable=False)
        server.start()
        server.stop()
    assert (tmp_path / whose).stat().st_uid == 4321
    assert (tmp_path / whose).stat().st_mode & 0o777 == 0o700
