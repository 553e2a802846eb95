"""A short form of the kills, on the real processes; `make faults` runs the long one."""

import os
import subprocess
import sys

import pytest

from portal.local.cluster import cache
from portal.local.plan import CHECKOUT
from tests.control_plane import _in_ci

ROUNDS = os.environ.get("KILLS", "4")
PATIENCE = 600 + 60 * int(ROUNDS)


def test_killed_processes_lose_and_double_nothing():
    if cache.built() is None and not _in_ci():
        pytest.skip("there is no built control plane: `make cluster` builds one in 10-20 minutes")
    real = {name: value for name, value in os.environ.items() if "_ENGINE" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.kills", ROUNDS], env=real,
        cwd=CHECKOUT, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert "nothing lost, stuck, doubled or left behind" in done.stdout
