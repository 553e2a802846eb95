"""A limit on guessing passwords that is exact: counted before hashing, in one step in Valkey.

Each attempt is written down for the account and for the address it came from, unless either
has used up its allowance; a script makes that one step, so any number of processes together
let exactly the allowance through. The window slides: in no `WINDOW` are there more. A success
clears the account and takes back its own mark at the address. Nothing works without Valkey.
"""

import functools
import hashlib
from dataclasses import dataclass

from django.conf import settings
from redis import Redis, RedisError

from portal.core.ids import new_id

WINDOW = 300  # seconds
ALLOWANCES = {"sign in": (10, 100), "reset": (3, 20)}  # per account, per address
ALL_IN_ONE_STEP = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local window = tonumber(ARGV[2])
local wait, crossed = 0, 0
for place, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
  if redis.call('ZCARD', key) >= tonumber(ARGV[2 + place]) then
    local oldest = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
    wait = math.max(wait, oldest[2] + window - now)
    if redis.call('SET', key .. ':told', '1', 'NX', 'PX', window) then crossed = 1 end
  end
end
if wait > 0 then return {wait, crossed} end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, now, ARGV[1])
  redis.call('PEXPIRE', key, window)
end
return {0, 0}
"""


class TooMany(Exception):
    """The allowance is used up. `wait` is in whole seconds; `first` is true once per lock."""

    def __init__(self, wait: int, first: bool):
        super().__init__(f"Too many attempts; the next is possible in {wait} s")
        self.wait, self.first = wait, first


class NoCounter(Exception):
    """Valkey does not answer, so nothing can be counted and nobody may try."""


@dataclass(frozen=True)
class Attempt:
    """One counted attempt, for `forgive`."""

    name: str
    account: str
    address: str


def begin(account: str, address: str, *, purpose: str = "sign in") -> Attempt:
    """Count an attempt at `account` from `address`. Raises `TooMany` or `NoCounter`.

    `account` is whatever names it: an id, or for nobody's account what was typed.
    """
    account_key, address_key = _key(purpose, "account", account), _key(purpose, "at", address)
    attempt = Attempt(str(new_id()), account_key, address_key)
    try:
        wait, first = _counter().eval(
            ALL_IN_ONE_STEP,
            2,
            attempt.account,
            attempt.address,
            attempt.name,
            WINDOW * 1000,
            *ALLOWANCES[purpose],
        )
    except RedisError as problem:
        raise NoCounter from problem
    if wait:
        raise TooMany(-(-wait // 1000), bool(first))
    return attempt


def forgive(attempt: Attempt) -> None:
    """It was no guess: clear the account, and the mark of this attempt at its address."""
    try:
        with _counter().pipeline() as both:
            both.delete(attempt.account, f"{attempt.account}:told")
            both.zrem(attempt.address, attempt.name)
            both.execute()
    except RedisError as problem:
        raise NoCounter from problem


def pardon(account: str, *, purpose: str = "sign in") -> None:
    """Clear an account whose owner has shown to be its owner in another way."""
    key = _key(purpose, "account", account)
    try:
        _counter().delete(key, f"{key}:told")
    except RedisError as problem:
        raise NoCounter from problem


def _counter() -> Redis:
    return _client(f"{settings.REDIS_URL}/1")


@functools.cache
def _client(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)


def _key(purpose: str, kind: str, name: str) -> str:
    """What was typed may be a password in the wrong box, so only its digest is kept."""
    digest = hashlib.sha256(name.encode(errors="replace")).hexdigest()[:32]
    return f"millwright:{{{purpose}}}:{kind}:{digest}"
