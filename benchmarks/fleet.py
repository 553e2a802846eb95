"""Jobs at size: 1,000 nodes and 5,000 jobs through the portal, beside a bare client.

`python -m benchmarks.fleet [nodes] [jobs] [compared]`, on a control plane of its own with fake
nodes. First `compared` (300) Jobs are made by a bare client, then as many by our API as one
series, all into a queue whose quota one job holds, so that all wait: the processor time of
everything together, control plane included, until all Jobs exist and wait in Kueue, less what all
spend before, while nothing is asked of them. They are taken away again. Then all jobs come from
ten teams, two each second (two cores that also run the control plane sustain nearly three), and
run for a second each: how long after the API server told of a pod our row says the same, and how
long list and job pages take on the server. Then a burst of 600 at once, for which there is no
limit: on few cores the control plane itself is busy for minutes. Then jobs that are submitted one
by one, for comparison. In the end as many jobs as came before wait in that one queue, and the
pages are asked for once more.
"""

import sys
import time
from contextlib import ExitStack
from importlib import import_module
from statistics import median, quantiles

MOST_TIMES, LAG_S, PAGE_MS = 1.5, 3.0, 50.0
SIZES = ["1000", "5000", "300"]
SERIES = "a series"
WARM, SETTLES_S, REST_S = 10, 10.0, 40.0
A_SECOND, BURST = 2, 600
TEAMS = {f"team-{number}": 40 for number in range(10)}


def main() -> int:
    nodes, count, compared = (int(text) for text in sys.argv[1:] + SIZES[len(sys.argv) - 1 :])
    with ExitStack() as everything:
        campus = import_module("benchmarks.campus").Campus(everything, "campus", nodes=nodes)
        teams = campus.found(TEAMS | {"closed": 8}, alone=["closed"])
        campus.start()
        time.sleep(5)
        work = import_module("benchmarks.fleet_work")
        bare = work.Bare(campus.plane.api, teams)
        series, single = work.Series(bare), work.OneByOne(bare)
        series.fill()
        bare.like(series.first)
        cheap = _costs(bare, compared)
        wrong = _compared(SERIES, _costs(series, compared), cheap)
        series.give_back()
        wrong += _running(campus, teams, work, count, A_SECOND)
        _running(campus, teams, work, BURST)
        single.fill()
        _compared("one by one", _costs(single, compared), cheap)
        wrong += _queued(series, work, count)
    print("\n" + ("TOO MUCH: " + "; ".join(wrong) if wrong else "within its limits"))
    return 1 if wrong else 0


def _costs(way, count: int) -> float:
    """Milliseconds of processor time of all programs for each job, beyond what they spend while
    nothing is asked of them."""
    way.make(WARM)  # connections, caches
    time.sleep(SETTLES_S)
    rest, idle = _spent(lambda: time.sleep(REST_S))
    spent, clock = _spent(lambda: way.make(count))
    cost = {n: (s - rest.get(n, 0.0) / idle * clock) / count * 1000 for n, s in spent.items()}
    way.clear()
    each = sum(cost.values())
    print(f"\n{way.NAME:<16}{count:>6} jobs{each:>8.1f} ms each{count / clock:>8.1f} jobs/s")
    told = sorted(cost.items(), key=lambda item: -item[1])
    print("  " + ", ".join(f"{name} {ms:.1f}" for name, ms in told if abs(ms) > 0.05))
    return each


def _spent(do) -> tuple[dict[str, float], float]:
    spent_by = import_module("benchmarks.processor").spent_by
    before, began = spent_by(), time.monotonic()
    do()
    clock, after = time.monotonic() - began, spent_by()
    return {name: after[name] - before.get(name, 0.0) for name in after}, clock


def _compared(name: str, ours: float, bare: float) -> list[str]:
    times = ours / bare
    limit = f" (limit {MOST_TIMES})" if name == SERIES else ""
    print(f"{name}: {times:.2f} times the bare client{limit}")
    return [f"submission costs {times:.2f} times"] if limit and times > MOST_TIMES else []


def _queued(series, work, count: int) -> list[str]:
    """The pages of a team of which so many jobs wait."""
    began = time.monotonic()
    made = series.make(count)
    print(f"\n{count} jobs of one team wait, after {time.monotonic() - began:.0f} s")
    time.sleep(SETTLES_S)
    return _pages(work, series.team, made)


def _running(campus, teams, work, count: int, rate: int = 0) -> list[str]:
    """`rate`: how many come each second; 0: all at once."""
    witness = import_module("benchmarks.pods").Witness(campus.plane.api, "millwright.job/attempt")
    began = time.monotonic()
    busy = [teams[slug] for slug in TEAMS]
    made = work.submit_short(busy, count, rate)
    submitted = time.monotonic() - began
    left = campus.settle(within=7200)
    print(
        f"\n{count} jobs submitted in {submitted:.0f} s, all settled after "
        f"{time.monotonic() - began:.0f} s, {left} left"
    )
    lags = work.lags(made, witness)
    late = quantiles(lags, n=20)[-1]
    print(f"from a pod's event to our row: p50 {median(lags):.2f} s, p95 {late:.2f} s")
    witness.stop()
    time.sleep(SETTLES_S)
    wrong = [f"{left} jobs never settled"] if left else []
    wrong += [f"p95 of the lag is {late:.1f} s"] if late > LAG_S else []
    return wrong + _pages(work, busy[-1], made)


def _pages(work, team, made: list) -> list[str]:
    pages = work.pages(team, made)
    for name, (times, cpu) in pages.items():
        print(f"{name:<16} p50 {median(times):.1f} ms, {median(cpu):.1f} ms of a processor")
    return [f"{name} is slow" for name, (times, _) in pages.items() if median(times) > PAGE_MS]


if __name__ == "__main__":
    sys.exit(main())
