"""A window of a real cluster's jobs through the portal onto fake nodes: silos, then shared.

`python -m benchmarks.philly [jobs]` with MILLWRIGHT_TRACES at the folder of the public traces.
The busiest window of so many jobs (1,500) of the Philly trace (Jeon et al., ATC '19) is replayed
20 times as fast, on a quarter of the virtual clusters' nodes; no job runs for more than three
hours of the trace's time. Each virtual cluster is a tenant. Once each has nodes of its own and no
others (silos), once as many GPUs are guaranteed and what is idle is lent. A pod is told how long
to run, so time on hardware is that of the trace; queues, pre-emption, metering and money are real.

What it takes to start a job is not compressed: the cluster that starts four jobs a second here
started one in five seconds there. So one more team stands beside, on a node of its own that is
never lent, and asks every ten seconds for a job of a second: what those wait is what starting
takes at that time, whatever is shared. A team with few jobs whose mean wait is no longer than so
many jobs of that one would wait (the mean, and what it may be off, 39 times in 40) waited for
nobody.
"""

import csv
import gzip
import math
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from statistics import mean, stdev

import yaml

FASTER, SMALLER, LONGEST_S = 20, 4, 3 * 3600
A_NODE = 8  # GPUs
WORSE = 1.05
BESIDE, EVERY_S = "vc-beside", 10


@dataclass(frozen=True)
class Asked:
    """One job of the trace, in seconds of the replay."""

    at: float
    team: str
    seconds: float
    gpus: int
    nodes: int


def main() -> int:
    folder = os.environ.get("MILLWRIGHT_TRACES", "")
    if not folder:
        print("skipped: MILLWRIGHT_TRACES does not name the folder of the public traces")
        return 0
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1500
    sizes, asked = window(Path(folder), count)
    asked = sorted([*asked, *_beside(asked[-1].at)], key=lambda one: one.at)
    wrong, waits = [], {}
    for name in ("silos", "shared"):
        with ProcessPoolExecutor(1, get_context("spawn")) as apart:  # each has its own database
            replayed = apart.submit(_replay, sizes, asked, name == "shared").result()
        waits[name], found = replayed
        wrong += [f"{name}: {one}" for one in found]
    wrong += _table(sizes, waits)
    print("\n" + ("WRONG:\n  " + "\n  ".join(wrong) if wrong else "everything holds"))
    return 1 if wrong else 0


def window(folder: Path, count: int) -> tuple[dict[str, int], list[Asked]]:
    """GPUs of each team, and the window with the most work for its length."""
    nodes = {
        row["vc"]: max(1, int(row["nodes"]) // SMALLER) for row in _rows(folder, "philly_vc_nodes")
    }
    jobs = sorted(
        (datetime.fromisoformat(row["submit_time"]).timestamp(), row["vc"],
         min(float(row["duration_s"]), LONGEST_S), int(row["num_gpus"]))
        for row in _rows(folder, "philly_jobs_2017-09_2017-10")
        if row["vc"] in nodes
    )  # fmt: skip
    windows = (jobs[at : at + count] for at in range(0, len(jobs) - count + 1, count // 3))
    busiest = max(windows, key=lambda w: sum(j[2] * j[3] for j in w) / (w[-1][0] - w[0][0]))
    began = busiest[0][0]
    teams = {f"vc-{vc}": nodes[vc] * A_NODE for vc in nodes}
    fits = [job for job in busiest if job[3] <= nodes[job[1]] * A_NODE]
    return teams, [_asked(job, began) for job in fits]


def _asked(job: tuple, began: float) -> Asked:
    at, vc, seconds, gpus = job
    nodes = math.ceil(gpus / A_NODE)
    return Asked(
        (at - began) / FASTER, f"vc-{vc}", max(1.0, seconds / FASTER), gpus // nodes, nodes
    )


def _beside(until: float) -> list[Asked]:
    return [Asked(at, BESIDE, 1, 1, 1) for at in range(0, int(until), EVERY_S)]


def _rows(folder: Path, name: str):
    return csv.DictReader(gzip.open(folder / f"{name}.csv.gz", "rt"))


def _replay(sizes, asked, pooled: bool) -> tuple[dict, list[str]]:
    """Waits by team in seconds, and what does not hold."""
    with ExitStack() as everything:
        return _replayed(everything, sizes, asked, pooled)


def _replayed(everything: ExitStack, sizes, asked, pooled: bool) -> tuple[dict, list[str]]:
    campus = import_module("benchmarks.campus").Campus(everything, str(_fleet(sizes, pooled)))
    teams = campus.found(sizes | {BESIDE: A_NODE}, pooled=pooled, alone=[BESIDE])
    witness = import_module("benchmarks.pods").Witness(campus.plane.api, "millwright.job/attempt")
    everything.callback(witness.stop)
    campus.start()
    jobs = import_module("benchmarks.replay")
    made = jobs.submit_all(asked, teams)
    left = campus.settle(within=3600)
    campus.stop()
    time.sleep(2)
    wrong = jobs.compared(made, witness)
    wrong += [f"{left} jobs never settled"] if left else []
    return jobs.waits(made), wrong


def _fleet(sizes: dict[str, int], pooled: bool) -> Path:
    """An inventory with as many nodes as the teams have together; in silos those of each team
    stand in a region of its own, as those of the one beside always do."""
    common = {"card": "P100", "gpus": A_NODE, "cpu_milli": 64000, "memory_mib": 524288}
    places = {"eu-central": sum(sizes.values())} if pooled else dict(sizes)
    places[BESIDE] = A_NODE
    groups = [
        common | {"name": f"p100-{place}", "region": place, "nodes": gpus // A_NODE}
        for place, gpus in places.items()
    ]
    file = Path(tempfile.mkstemp(suffix=".yaml", prefix="millwright-fleet-")[1])
    file.write_text(yaml.safe_dump({"groups": groups}))
    return file


def _table(sizes, waits) -> list[str]:
    silos, shared = waits["silos"], waits["shared"]
    print(f"\n{'team':<12}{'GPUs':>6}{'jobs':>7}{'silo s':>9}{'shared s':>10}{'beside s':>10}")
    wrong = []
    for team, gpus in (sizes | {BESIDE: A_NODE}).items():
        if not silos[team]:
            continue
        count, alone, pooled = len(silos[team]), mean(silos[team]), mean(shared[team])
        least = min(_at_most(half[BESIDE], count) for half in waits.values())
        print(f"{team:<12}{gpus:>6}{count:>7}{alone:>9.2f}{pooled:>10.2f}{least:>10.2f}")
        if pooled > max(alone * WORSE, least):
            wrong.append(f"{team} waits longer when shared: {pooled:.2f} s after {alone:.2f} s")
    return wrong


def _at_most(waits: list[float], count: int) -> float:
    """The mean that so many of them stay below, 39 times in 40."""
    return mean(waits) + 1.96 * stdev(waits) / math.sqrt(count)


if __name__ == "__main__":
    sys.exit(main())
