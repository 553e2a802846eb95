"""The folder that a local start owns: private files, marked data folders, one owner at a time."""

import fcntl
import json
import os
from pathlib import Path
from typing import BinaryIO

from portal.local.errors import LocalError

MARKER = "millwright.json"
LOCK = "supervisor.lock"


def make_private(folder: Path) -> Path:
    """Create the folder for its owner alone, if it is not there."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise LocalError(
            f"{folder} cannot be made ({problem.strerror}): name another folder by MILLWRIGHT_VAR."
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise LocalError(
            f"{folder} belongs to another user: start as that user, or name another folder by "
            "MILLWRIGHT_VAR."
        )
    return folder


def private_file(path: Path) -> BinaryIO:
    """Open for appending; a new file is readable by its owner alone."""
    make_private(path.parent)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def write_json(path: Path, content: object) -> None:
    """Replace the file (mode 600) in one step, so that nobody ever reads half of it."""
    make_private(path.parent)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def read_json(path: Path, *, otherwise: dict | None = None) -> dict:
    """The object in the file; `otherwise` (or nothing at all) when there is no file."""
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        return {} if otherwise is None else otherwise
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict):
        raise LocalError(f"{path} cannot be read: repair it, or put its last good copy back.")
    return content


def mark(folder: Path, **facts: str) -> None:
    """Write, as the last step of making it, that the folder is complete and ours."""
    write_json(folder / MARKER, {"made_by": "millwright", **facts})


def is_ours(folder: Path) -> bool:
    """True for a complete folder of ours, False for none; LocalError for anything else."""
    if (folder / MARKER).exists():
        return True
    if not folder.exists():
        return False
    raise LocalError(
        f"{folder} was made by something else and is left as it is: move it away, or name another "
        "folder by MILLWRIGHT_VAR."
    )


def move_aside(folder: Path) -> Path:
    """Rename a half-made folder to the first free `.unfinished-N`; where it is now."""
    number = 1
    name = folder.name.removesuffix(".new")
    while (aside := folder.with_name(f"{name}.unfinished-{number}")).exists():
        number += 1
    return folder.rename(aside)


class Lock:
    """Held by the one supervisor of a folder; the kernel lets go of it when the holder dies."""

    def __init__(self, folder: Path):
        self.path = make_private(folder) / LOCK
        self.file: BinaryIO | None = None

    def take(self, **told: object) -> None:
        """Take it and leave word of who holds it; LocalError names the present holder."""
        self.file = private_file(self.path)
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.file.close()
            raise LocalError(self._held_by_another()) from None
        self.file.truncate(0)
        self.file.write(json.dumps({"pid": os.getpid(), **told}).encode())
        self.file.flush()

    def release(self) -> None:
        if self.file:
            self.file.close()

    def _held_by_another(self) -> str:
        holder = read_json(self.path)
        return (
            f"Already running on {self.path.parent} (process {holder.get('pid', 'unknown')}, "
            f"{holder.get('address', 'address unknown')}): stop it first, or name another folder "
            "by MILLWRIGHT_VAR."
        )
