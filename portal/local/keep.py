"""Secrets of a local installation: made once, kept in one private file."""

import base64
import secrets
from pathlib import Path

from portal.local.errors import LocalError
from portal.local.folder import read_json, write_json

FILE = "secrets.json"
PORTAL_SECRETS = (
    *("SECRET_KEY", "VAULT_KEK", "KEY_PEPPER", "AUDIT_KEY"),
    *("MODEL_HOST_TOKEN", "JOB_HOST_TOKEN"),
)


def keep(folder: Path, *names: str) -> dict[str, str]:
    """The secrets of these names (base64 of 32 random bytes); missing ones are made and kept."""
    path = folder / FILE
    if not path.exists() and (sealed := next(folder.glob("postgres-[0-9][0-9]"), None)):
        raise LocalError(
            f"{path} is missing, and {sealed.name} beside it holds data sealed with it: put the "
            f"file back, or move {sealed} away to start afresh."
        )
    kept = read_json(path)
    missing = [name for name in names if name not in kept]
    if missing:
        kept |= {name: base64.b64encode(secrets.token_bytes(32)).decode() for name in missing}
        write_json(path, kept)
    return {name: kept[name] for name in names}


def password(folder: Path, name: str) -> str:
    """One kept secret as text that needs no quoting in an address."""
    raw = base64.b64decode(keep(folder, name)[name])
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
