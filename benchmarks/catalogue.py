"""The catalogue at size: list, search and facets for each kind of account, beside MLflow's search.

`python -m benchmarks.catalogue [rounds]`, part of `make bench`. 10,000 models first, for the
comparison: both are asked over HTTP for a page of 50, and MLflow knows no permissions. Then
100,000 models, 5,000 people, 500 tenants and 1,000,000 permission rows. There, a time is that of
the whole answer of the REST API inside this process, signed in by session: middleware, tenancy,
permissions, queries and JSON. What is materialised has the cost of its change below.
"""

import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from statistics import median, quantiles

from benchmarks import stand

FEW, MANY = 10_000, 100_000
LIMITS = {"list": 50, "search": 50, "facets": 150}  # ms at the median
WORDS = (
    "fraud", "resnet base", "invoce", "speech to text", "contract-xl", "tumor", "payments",
    "care", "figures monthly", "whisper-large-77", "nobodymadethis",  # in every card; in none
)  # fmt: skip
ASKED = {
    "list": [
        "models/", "models/?ordering=-published_at", "models/?task=translation",
        "models/?page=60", "models/?status=published&ordering=name&page_size=100",
    ],
    "search": [f"models/?search={word.replace(' ', '+')}" for word in WORDS],
    "facets": [
        "models/facets/", "models/facets/?task=translation&task=rerank&stage=production",
        "models/facets/?search=fraud", "models/facets/?search=care",
        "models/facets/?access=mine&price=low",
    ],
}  # fmt: skip
FILTERS = {
    "list": ("", ""),
    "name": ("name ILIKE '%fraud%'", "models/?search=fraud"),
    "prefix": ("name LIKE 'resnet-base%'", "models/?search=resnet+base"),
    "tag": ("tags.task = 'translation'", "models/?task=translation"),
}


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with ExitStack() as everything:
        place = stand.folder(everything)
        postgres = stand.installation(everything, place, "redis://127.0.0.1:1")
        import_module("portal.asgi")  # set up as the server is
        crowd = import_module("benchmarks.crowd").Crowd(postgres.owner_url)
        crowd.models(1, FEW)
        crowd.analyze()
        peer = import_module("benchmarks.registry").Registry(everything, place, postgres)
        people = import_module("benchmarks.visitors")
        with people.caller("consumer of one team") as caller:
            _beside(peer, caller, rounds)
        crowd.models(FEW + 1, MANY)
        rows = crowd.permissions(MANY)
        print(f"\n{MANY:,} models, {crowd_size()}, {rows:,} permission rows\n")
        before = os.getloadavg()
        slow = _each(people, rounds)
        import_module("benchmarks.changes").show()
        loads = ", ".join(f"{load:.1f}" for load in (before[0], os.getloadavg()[0]))
        print(f"load average before and after: {loads}, on {os.cpu_count()} processors")
    print("\n" + (f"TOO SLOW: {', '.join(slow)}" if slow else "every median is within its limit"))
    return 1 if slow else 0


def crowd_size() -> str:
    crowd = import_module("benchmarks.crowd")
    return f"{crowd.PEOPLE:,} people, {crowd.TENANTS} tenants"


def _beside(peer, caller, rounds: int) -> None:
    peer.fill(FEW)
    print(f"{FEW:,} models{'':<18}{'MLflow ms':>12}{'here ms':>12}   (median, by HTTP)")
    for name, (words, path) in FILTERS.items():
        theirs, _ = timed(lambda words=words: peer.search(words), rounds * 3)
        ours, _ = timed(lambda path=path: caller.get(path or "models/"), rounds * 3)
        print(f"{name:<30}{median(theirs):>12.1f}{median(ours):>12.1f}")


def _each(people, rounds: int) -> list[str]:
    figures = f"{'p50 ms':>9}{'p95 ms':>9}{'cpu ms':>9}"
    print(f"{'account':<30}{'what':<8}{figures}{'queries':>12}{'limit':>8}")
    slow = []
    for name in people.ACCOUNTS:
        visitor = people.visitor(name)
        for what, paths in ASKED.items():
            times, cpu, queries = _measure(visitor, paths, rounds)
            spread = f"{min(queries)}-{max(queries)}"
            print(
                f"{name:<30}{what:<8}{median(times):>9.1f}{quantiles(times, n=20)[-1]:>9.1f}"
                f"{median(cpu):>9.1f}{spread:>12}{LIMITS[what]:>8}"
            )
            if median(times) > LIMITS[what]:
                slow.append(f"{what} for {name}")
    return slow


def _measure(visitor, paths: list[str], rounds: int) -> tuple[list, list, list[int]]:
    queries = [visitor.queries(path) for path in paths]  # warms plans and caches as well
    goes = [timed(lambda path=path: visitor.get(path), rounds) for path in paths]
    times, cpu = ([ms for go in goes for ms in go[part]] for part in (0, 1))
    return times, cpu, queries


def timed(act: Callable, times: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Milliseconds of each of so many goes, after one that does not count, and of CPU in them.

    CPU is that of this process and of its connection to the database. A machine that others work
    on lets an answer wait: then it takes longer, for no more CPU.
    """
    act()
    backend = import_module("benchmarks.stand").backend()
    return tuple(zip(*(timed_once(act, backend) for _ in range(times)), strict=True))


def timed_once(act: Callable, backend: int) -> tuple[float, float]:
    """Milliseconds, and those of a processor, of one go; `backend` serves this connection."""
    start, cpu = time.perf_counter(), _cpu(backend)
    act()
    return (time.perf_counter() - start) * 1000, (_cpu(backend) - cpu) * 1000


def _cpu(backend: int) -> float:
    """Seconds on a processor so far."""
    with open(f"/proc/{backend}/schedstat") as stat:
        return time.process_time() + int(stat.read().split()[0]) / 1e9


if __name__ == "__main__":
    sys.exit(main())
