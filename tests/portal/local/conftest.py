"""Real services in throw-away folders, and eyes on every process that they leave."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.local.postgres import EmbeddedPostgres
from portal.local.valkey import EmbeddedValkey


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    """A PostgreSQL for one test module."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), durable=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def valkey(tmp_path_factory):
    """A Valkey for one test module."""
    server = EmbeddedValkey(tmp_path_factory.mktemp("valkey"), durable=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Wait for something to become true; fail with its name when it does not."""

    def wait(check: Callable[[], object], *, within: float = 60.0) -> None:
        give_up = time.monotonic() + within
        while not check():
            assert time.monotonic() < give_up, f"not within {within} s: {check}"
            time.sleep(0.05)

    return wait


@pytest.fixture
def family_of() -> Callable[[int], set[int]]:
    """The process ids of everything that a process started, however far down."""

    def collect(pid: int) -> set[int]:
        parents = {child: parent for child, parent, _ in processes()}
        found = {pid}
        while more := {child for child, parent in parents.items() if parent in found} - found:
            found |= more
        return found - {pid}

    return collect


@pytest.fixture
def alive() -> Callable[[set[int]], set[int]]:
    """Those of the process ids that still run (a zombie does not)."""

    def still(pids: set[int]) -> set[int]:
        return pids & {pid for pid, _, state in processes() if state not in "ZX"}

    return still


def processes():
    """(pid, parent, state) of every process of the machine."""
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        yield int(entry), int(fields[1]), fields[0]
