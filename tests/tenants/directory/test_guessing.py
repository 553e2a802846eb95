"""The limit on guessing, against a real Valkey."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tenants.directory import guessing

PER_ACCOUNT, PER_ADDRESS = guessing.ALLOWANCES["sign in"]
PROCESS = """
import sys, django
django.setup()
from tenants.directory import guessing
through = 0
for turn in range(15):
    try:
        guessing.begin(sys.argv[1], f"{sys.argv[2]}.{turn}")
        through += 1
    except guessing.TooMany:
        pass
print(through)
"""


@pytest.fixture
def account() -> str:
    return uuid4().hex


def tries(account: str, address: str = "") -> bool:
    try:
        guessing.begin(account, address or uuid4().hex)
    except guessing.TooMany:
        return False
    return True


def test_threads_together_let_exactly_the_allowance_through(account):
    with ThreadPoolExecutor(16) as pool:
        through = list(pool.map(lambda _: tries(account), range(80)))
    assert sum(through) == PER_ACCOUNT


def test_processes_together_let_exactly_the_allowance_through(account):
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, account, str(n)], stdout=subprocess.PIPE, text=True
        )
        for n in range(3)
    ]
    through = [int(process.communicate(timeout=60)[0]) for process in running]
    assert sum(through) == PER_ACCOUNT


def test_an_address_is_limited_over_all_accounts():
    address = uuid4().hex
    with ThreadPoolExecutor(8) as pool:
        through = list(pool.map(lambda _: tries(uuid4().hex, address), range(PER_ADDRESS + 40)))
    assert sum(through) == PER_ADDRESS


def test_a_refused_try_costs_nothing_at_the_address(account):
    address = uuid4().hex
    for _ in range(PER_ACCOUNT + 20):
        tries(account, address)
    others = sum(tries(uuid4().hex, address) for _ in range(PER_ADDRESS))
    assert others == PER_ADDRESS - PER_ACCOUNT


def test_a_success_clears_the_account_and_its_own_mark(account):
    address = uuid4().hex
    for _ in range(PER_ACCOUNT - 1):
        tries(account, address)
    guessing.forgive(guessing.begin(account, address))
    assert sum(tries(account) for _ in range(PER_ACCOUNT + 5)) == PER_ACCOUNT


def test_the_wait_is_told_and_a_lock_is_new_only_once(account):
    for _ in range(PER_ACCOUNT):
        guessing.begin(account, uuid4().hex)
    told = []
    for _ in range(3):
        with pytest.raises(guessing.TooMany) as locked:
            guessing.begin(account, uuid4().hex)
        told.append((0 < locked.value.wait <= guessing.WINDOW, locked.value.first))
    assert told == [(True, True), (True, False), (True, False)]


def test_the_window_slides(account, monkeypatch):
    monkeypatch.setattr(guessing, "WINDOW", 1)
    assert sum(tries(account) for _ in range(PER_ACCOUNT + 3)) == PER_ACCOUNT
    with pytest.raises(guessing.TooMany) as locked:
        guessing.begin(account, uuid4().hex)
    assert locked.value.wait == 1


def test_without_valkey_nobody_may_try(account, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1"
    with pytest.raises(guessing.NoCounter):
        guessing.begin(account, "here")
