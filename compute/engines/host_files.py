"""Private files of the hosts that a loss of power cannot halve. Standard library alone."""

import json
import os
from pathlib import Path
from typing import Any


def read(path: Path) -> Any:
    """The content of a JSON file, None where there is none. ValueError when it is broken."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None


def write_durably(path: Path, content: Any) -> None:
    """Replace a private JSON file in one step that a loss of power cannot halve."""
    beside = path.with_name(f"{path.name}.new")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_once(path: Path, content: Any) -> bool:
    """Write a file that must not exist yet, whole or not at all; False when somebody was first."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    write_durably(beside, content)
    try:
        os.link(beside, path)
    except FileExistsError:
        return False
    finally:
        beside.unlink()
    sync_folder(path.parent)
    return True
