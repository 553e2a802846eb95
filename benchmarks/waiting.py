"""How good forecasts of waiting are on a trace: the share that held, and how wide they were.

`MILLWRIGHT_TRACES=folder python -m benchmarks.waiting`, part of `make bench`. A window of jobs of
the Philly trace (Jeon et al., ATC'19) on a fleet of half of what their peak would use, so
that lines form. The trace has no time limits: each job gets the next of a few usual ones above
one to three times what it took, as people who guess. Once what fits passes what does not, as
Kueue lets it; once nobody passes a job that has waited for an hour, as one machine has it: there
a job that needs two whole nodes stops hundreds, which no forecast here foresees, for one machine
is one node. Without the folder: made-up histories alone.
"""

import csv
import gzip
import os
import random
import sys
import time
from datetime import datetime
from pathlib import Path
from statistics import median

from benchmarks.queues import Asked, Judged, Replay, coverage, made_up
from compute.jobs import waiting
from compute.jobs.waiting import Holder, Scene, Waiter

TRACE = "philly_jobs_2017-09_2017-10.csv.gz"
JOBS, SKIPPED = 1500, 20_000  # a window, some weeks in
TIGHT = 0.5  # of the peak is there
LIMITS = [hours * 3600.0 for hours in (0.5, 1, 4, 12, 24, 72, 168, 720)]
WARM = 200  # forecasts before anything is judged
PATIENCE = {"Philly, all pass": float("inf"), "Philly, none passes": 3600.0}
ROW = "{:20} {:>7} {:>7} {:>9} {:>10} {:>8} {:>9}"


def main() -> int:
    print(ROW.format("history", "judged", "held", "that wait", "held", "wait, h", "range, h"))
    for seed in (1, 2, 3):
        history = made_up(1800, seed=seed, units=64, load=0.85)
        _tell(f"made up, seed {seed}", Replay(8, patience_s=1800, judge_every=2).run(history))
    folder = os.environ.get("MILLWRIGHT_TRACES")
    if folder:
        history = philly(Path(folder) / TRACE)
        for name, patience in PATIENCE.items():
            _tell(name, Replay(_fleet(history), patience_s=patience).run(history))
    else:
        print("MILLWRIGHT_TRACES is not set: the Philly trace is left out.")
    print(f"One forecast behind 1,000 waiting jobs: {_speed():.0f} ms of CPU.")
    return 0


def philly(path: Path) -> list[Asked]:
    """The window, times in seconds from its first job."""
    draw = random.Random(7)  # noqa: S311
    with gzip.open(path, "rt") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["submit_time"])
    rows = [row for row in rows[SKIPPED:] if int(row["num_gpus"]) and float(row["duration_s"]) > 0]
    found = []
    for number, row in enumerate(rows[:JOBS]):
        at = datetime.fromisoformat(row["submit_time"]).timestamp()
        takes = min(float(row["duration_s"]), LIMITS[-1])
        limit = next(
            each for each in LIMITS if each >= min(LIMITS[-1], takes * draw.uniform(1, 3))
        )
        found.append(Asked(number, at, row["vc"], int(row["num_gpus"]), limit, takes))
    first = found[0].at
    return [Asked(j.number, j.at - first, j.tenant, j.units, j.limit_s, j.takes_s) for j in found]


def _fleet(history: list[Asked]) -> int:
    """Nodes of eight GPUs: `TIGHT` of what would be in use at the peak if nobody had to wait."""
    moves = [(job.at, job.units) for job in history]
    moves += [(job.at + job.takes_s, -job.units) for job in history]
    used, peak = 0, 0
    for _, units in sorted(moves):
        used += units
        peak = max(peak, used)
    return max(1, round(TIGHT * peak / 8))


def _tell(name: str, judged: list[Judged]) -> None:
    judged = [each for each in judged[WARM:] if each.start < float("inf")]
    waits = [each for each in judged if not each.seen.at_once]
    hours = [
        f"{median(values) / 3600:.2f}" if values else "–"
        for values in ([j.start - j.job.at for j in waits], [j.width for j in waits])
    ]
    shares = [f"{coverage(rows):.1%}" if rows else "–" for rows in (judged, waits)]
    print(ROW.format(name, len(judged), shares[0], len(waits), shares[1], *hours))


def _speed() -> float:
    draw = random.Random(3)  # noqa: S311
    nodes = {f"n{number}": 8.0 for number in range(100)}
    running = [
        Holder(
            number,
            f"t{number % 8}",
            4.0,
            36_000.0,
            draw.random() * 3000,
            ((f"n{number // 2}", 4.0),),
        )
        for number in range(200)
    ]
    line = [
        Waiter(1000 + number, f"t{number % 8}", draw.choice((1.0, 2.0, 4.0, 8.0)), 36_000.0)
        for number in range(1000)
    ]
    scene = Scene(nodes, running, line, passes=False)
    began = time.process_time()
    for seed in range(5):
        waiting.expected(scene, Waiter(seed, "t0", 8.0, 3600.0, 8.0))
    return (time.process_time() - began) * 200


if __name__ == "__main__":
    sys.exit(main())
