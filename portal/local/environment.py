"""What the commands of `manage.py` must know to reach the product that runs on this machine."""

import os
from collections.abc import Mapping
from pathlib import Path

from portal.local.folder import read_json, write_json

FILE = "environment.json"
CHECKOUT = Path(__file__).resolve().parents[2]


def hand_on(folder: Path, environment: Mapping[str, str]) -> None:
    """Keep addresses and secrets beside the data, in a file that only its owner reads."""
    write_json(folder / FILE, dict(environment))


def withdraw(folder: Path) -> None:
    (folder / FILE).unlink(missing_ok=True)


def adopt() -> None:
    """Where this shell names no database: that of the product that runs from this checkout."""
    if os.environ.get("DATABASE_URL"):
        return
    path = Path(os.environ.get("MILLWRIGHT_VAR") or CHECKOUT / "var") / FILE
    for name, value in (read_json(path) if path.exists() else {}).items():
        os.environ.setdefault(name, value)
