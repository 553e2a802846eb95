"""Jobs at size: 1,000 nodes and 5,000 jobs through the portal, beside a bare client.

`python -m benchmarks.fleet [nodes] [jobs] [compared]`, on a control plane of its own with fake
nodes. First `compared` (300) Jobs are made by a bare client, then as many by our API, as one
series and one by one, all into a queue whose quota one job holds, so that all wait: the processor
time of everything together, control plane included, until all Jobs exist and wait in Kueue, less
what all spend before, while nothing is asked of them. All are taken away again. Then all jobs run
for a second each: how long after the API server told of a pod our row says the same, and how long
list and job pages take on the server.
"""

import sys
import time
from contextlib import ExitStack
from importlib import import_module
from statistics import median, quantiles

MOST_TIMES, LAG_S, PAGE_MS = 1.5, 3.0, 50.0
SIZES = ["1000", "5000", "300"]
BARE, SERIES = "bare client", "a series"
SETTLES_S, REST_S = 10.0, 40.0


def main() -> int:
    nodes, count, compared = (int(text) for text in sys.argv[1:] + SIZES[len(sys.argv) - 1 :])
    with ExitStack() as everything:
        campus = import_module("benchmarks.campus").Campus(everything, "campus", nodes=nodes)
        teams = campus.found({"measured": 400, "closed": 8}, alone=["closed"])
        campus.start()
        time.sleep(5)
        work = import_module("benchmarks.fleet_work")
        bare = work.Bare(campus.plane.api, teams)
        series, single = work.Series(bare), work.OneByOne(bare)
        series.fill()
        single.first = series.first
        bare.like(series.first)
        costs = {}
        for name, way in ((BARE, bare), (SERIES, series), ("one by one", single)):
            way.make(10)  # connections, caches
            way.clear()
            time.sleep(SETTLES_S)
            costs[name] = _cost(lambda way=way: way.make(compared))
            way.clear()
        wrong = _told(costs, compared)
        series.give_back()
        wrong += _running(campus, teams, work, count)
    print("\n" + ("TOO MUCH: " + "; ".join(wrong) if wrong else "within its limits"))
    return 1 if wrong else 0


def _cost(make) -> tuple[dict[str, float], float]:
    """Seconds of processor time by program beyond what all spend while nothing is asked of them,
    and of the clock."""
    rest, idle = _spent(lambda: time.sleep(REST_S))
    spent, clock = _spent(make)
    return {name: s - rest.get(name, 0.0) / idle * clock for name, s in spent.items()}, clock


def _spent(do) -> tuple[dict[str, float], float]:
    spent_by = import_module("benchmarks.processor").spent_by
    before, began = spent_by(), time.monotonic()
    do()
    clock, after = time.monotonic() - began, spent_by()
    return {name: after[name] - before.get(name, 0.0) for name in after}, clock


def _told(costs: dict[str, tuple[dict[str, float], float]], count: int) -> list[str]:
    print(f"\n{'made by':<16}{'jobs':>6}{'CPU ms each':>13}{'jobs/s':>9}   (all processes)")
    for name, (by_program, clock) in costs.items():
        processor = sum(by_program.values())
        print(f"{name:<16}{count:>6}{processor / count * 1000:>13.1f}{count / clock:>9.1f}")
        told = sorted(by_program.items(), key=lambda each: -each[1])
        print("  " + ", ".join(f"{name} {s / count * 1000:.1f}" for name, s in told if s > 0.05))
    bare = sum(costs[BARE][0].values())
    for name in costs.keys() - {BARE}:
        print(f"{name}: {sum(costs[name][0].values()) / bare:.2f} times the bare client")
    times = sum(costs[SERIES][0].values()) / bare
    print(f"a series may cost {MOST_TIMES} times as much")
    return [f"submission costs {times:.2f} times"] if times > MOST_TIMES else []


def _running(campus, teams, work, count: int) -> list[str]:
    witness = import_module("benchmarks.pods").Witness(campus.plane.api, "millwright.job/attempt")
    began = time.monotonic()
    made = work.submit_short(teams["measured"], count)
    submitted = time.monotonic() - began
    left = campus.settle(within=7200)
    print(
        f"\n{count} jobs submitted in {submitted:.0f} s, all settled after "
        f"{time.monotonic() - began:.0f} s, {left} left"
    )
    lags = work.lags(made, witness)
    late = quantiles(lags, n=20)[-1]
    print(f"from a pod's event to our row: p50 {median(lags):.2f} s, p95 {late:.2f} s")
    pages = work.pages(teams["measured"], made)
    for name, times in pages.items():
        print(f"{name:<16} p50 {median(times):.1f} ms")
    wrong = [f"{left} jobs never settled"] if left else []
    wrong += [f"p95 of the lag is {late:.1f} s"] if late > LAG_S else []
    return wrong + [f"{name} is slow" for name, t in pages.items() if median(t) > PAGE_MS]


if __name__ == "__main__":
    sys.exit(main())
