"""PostgreSQL refuses to run as root: a prefix that runs it as somebody lesser."""

import os
import shutil
import subprocess
from pathlib import Path

from portal.local.errors import LocalError

NOBODY = 65534


def prefix_for(data: Path) -> list[str]:
    """What to put before a program that works in `data`; nothing for an ordinary user.

    As root a user namespace in which we are nobody: no file changes hands. Where the machine
    allows none, or the folder is not root's, the folder's owner (nobody, for a new one) with the
    one capability that lets it reach a folder below a private home.
    """
    if os.geteuid() != 0:
        return []
    owner = data.stat().st_uid if data.exists() else 0
    if owner == 0 and _works(namespace := _namespace()):
        return namespace
    if _works(lesser := _lesser(owner or NOBODY)):
        return lesser
    raise LocalError(
        "PostgreSQL does not run as root, and this machine lets root become nobody else: start as "
        "an ordinary user, or set DATABASE_URL."
    )


def hand_over(folder: Path, prefix: list[str]) -> None:
    """Give a new folder to the user that the prefix turns into."""
    if prefix and Path(prefix[0]).name == "setpriv":
        os.chown(folder, NOBODY, NOBODY)


def _namespace() -> list[str]:
    program = shutil.which("unshare") or "unshare"
    return [program, "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--"]


def _lesser(owner: int) -> list[str]:
    program = shutil.which("setpriv") or "setpriv"
    ids = [f"--reuid={owner}", f"--regid={owner}", "--clear-groups"]
    return [program, *ids, "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--"]


def _works(prefix: list[str]) -> bool:
    try:
        tried = subprocess.run([*prefix, "true"], capture_output=True, check=False)  # noqa: S603
    except OSError:
        return False
    return tried.returncode == 0
