"""Processes are killed while jobs run: none may be lost, stuck, doubled or billed wrongly.

`python -m tests.faults.kills [rounds] [seed]`, a program of its own because it needs the real
processes: a worker, beat and keeper of the portal around a control plane. In each round a few
jobs are submitted and one process is ended as by a crash, a moment later started again. In the
end every job must have ended as it should, with one Job for each attempt, every pod metered by
its own timestamps, and nothing left behind in the cluster.
"""

import random
import sys
import time
from contextlib import ExitStack
from importlib import import_module

from benchmarks.campus import Campus

OURS = ("worker", "keeper")
THEIRS = ("apiserver", "etcd")
LATEST = 2.0  # seconds between the submission of a round's jobs and its kill, at most
JOBS_A_ROUND = 3
ORPHANS_GONE_WITHIN = 60.0


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20261125
    chance = random.Random(seed)
    print(f"{rounds} kills, seed {seed}", flush=True)
    with ExitStack() as everything:
        campus = Campus(everything, "small")
        teams = campus.found({"claims": 8, "vision": 8})
        work = import_module("tests.faults.work")
        witness = import_module("benchmarks.pods").Witness(campus.plane.api, work.LABEL)
        everything.callback(witness.stop)
        campus.start()
        made = [job for number in range(rounds) for job in _round(campus, teams, chance, number)]
        left = campus.settle(within=600)
        wrong = work.checked(made, witness) + ([f"{left} jobs never settled"] if left else [])
        wrong += work.orphans(campus.plane.api, within=ORPHANS_GONE_WITHIN)
    print("\n".join(wrong) if wrong else "nothing lost, stuck, doubled or left behind")
    return 1 if wrong else 0


def _round(campus: Campus, teams, chance: random.Random, number: int) -> list:
    """Submit, kill, start again; the expectations of the jobs that were submitted."""
    work = import_module("tests.faults.work")
    team = teams[chance.choice(sorted(teams))]
    made = [work.submit(team, chance) for _ in range(JOBS_A_ROUND)]
    time.sleep(chance.uniform(0, LATEST))
    victim = chance.choice((*OURS, *THEIRS))
    print(f"  {number + 1}: {victim}", flush=True)
    if victim in OURS:
        campus.programs[victim].kill()
        time.sleep(chance.uniform(0, 1))
        campus.programs[victim].start()
    else:
        campus.plane.kill(victim)
        time.sleep(chance.uniform(0, 1))
        campus.plane.restart(victim)
    if chance.random() < 0.3:
        work.cancel(team, made[0])
    return made


if __name__ == "__main__":
    sys.exit(main())
