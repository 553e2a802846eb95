"""PostgreSQL refuses to run as root, or as nobody it knows: somebody for it to run as."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from portal.local.errors import LocalError

NOBODY = 65534
REACHES = ["sh", "-c", 'test -x "$1" && test -w "$2"', "sh"]


@dataclass(frozen=True)
class Identity:
    """What to put before a program, and who has to own a new data folder (None: who makes it)."""

    prefix: tuple[str, ...] = ()
    owner: int | None = None

    def hand_over(self, folder: Path) -> None:
        """Give a new, empty folder to whom the programs run as."""
        if self.owner is not None:
            os.chown(folder, self.owner, self.owner)


def identity_for(data: Path, program: Path) -> Identity:
    """As whom `program` works in the folder `data`, which may not be there yet.

    An ordinary user runs it as what they are. Root, or a user without a name, does so in a user
    namespace in which they are nobody: no file changes hands. Where root may not have one, or is
    shut out of a private folder in it, the folder's owner (nobody, for root's) runs it, with the
    one capability that lets it pass private folders.
    """
    me = os.geteuid()
    if me != 0 and _has_name(me):
        return Identity()
    folder = data if data.exists() else data.parent
    owner = folder.stat().st_uid
    if owner == me and _works(_namespace(), program, folder):
        return Identity(_namespace())
    if folder != data and not _has_name(owner):
        owner = NOBODY
    if me == 0 and _works(_lesser(owner or NOBODY), program, folder):
        return Identity(_lesser(owner or NOBODY), owner or NOBODY)
    raise LocalError(
        "PostgreSQL does not run as root or as a user without a name, and this machine lets "
        "nobody else be made of them: start as an ordinary user, or set DATABASE_URL."
    )


def _has_name(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def _namespace() -> tuple[str, ...]:
    program = shutil.which("unshare") or "unshare"
    return (program, "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--")


def _lesser(owner: int) -> tuple[str, ...]:
    program = shutil.which("setpriv") or "setpriv"
    ids = (f"--reuid={owner}", f"--regid={owner}", "--clear-groups")
    return (program, *ids, "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--")


def _works(prefix: tuple[str, ...], program: Path, folder: Path) -> bool:
    try:
        tried = subprocess.run(  # noqa: S603
            [*prefix, *REACHES, str(program), str(folder)], capture_output=True, check=False
        )
    except OSError:
        return False
    return tried.returncode == 0
