"""Logs of jobs: lines stored a second, and how long a line takes from its program to a page.

`python -m benchmarks.joblog [seconds] [lines a second]`, part of `make bench`. One job with 100
watchers, and 100 jobs with one watcher each, beside the naive way, which sends each line as a
message of the channel layer and stores nothing. Lines go through the keeper's writer into a
durable PostgreSQL, hints through Valkey; pages are sockets of one web process, in a program of
their own. A line carries the time at which it was printed; one that came later than the last
round waits for did not arrive.
"""

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from statistics import median, quantiles

from benchmarks import stand
from benchmarks.gateway import _free_port, _start
from portal.local.valkey import EmbeddedValkey

RATE = 500  # lines a second, of all jobs together
STEP = 0.05
STORED = 20_000
SETTLE = 5.0  # seconds in which the last lines arrive
SERVER = ["-m", "uvicorn", "--no-access-log", "--log-level", "error"]
HEAD = ("", "lines/s", "watchers", "arrived", "p50 ms", "p99 ms", "server CPU s")


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    rate = int(sys.argv[2]) if len(sys.argv) > 2 else RATE
    with ExitStack() as everything:
        place = stand.folder(everything)
        valkey = EmbeddedValkey(place / "valkey", durable=False)
        valkey.start()
        everything.callback(valkey.stop)
        stand.installation(everything, place, valkey.url)
        scene = import_module("benchmarks.joblog_scene").Scene()
        for jobs in (1, 100):
            print(f"stored, {jobs} jobs: {scene.stored(jobs, STORED):,.0f} lines/s", flush=True)
        port = _free_port()
        os.environ["PORTAL_URL"] = f"http://127.0.0.1:{port}"
        command = [*SERVER, "benchmarks.joblog_app:application", "--port"]
        server = _start(everything, command, port)
        print(("{:32}" + "{:>14}" * (len(HEAD) - 1)).format(*HEAD))
        for jobs, watchers in ((1, 100), (100, 1)):
            for naive in (True, False):
                _round(scene, port, server, jobs, watchers, naive, seconds, rate)
    return 0


def _round(scene, port, server, jobs, watchers, naive, seconds, wanted) -> None:
    made = scene.jobs(jobs)
    path = "/naive/{}/" if naive else "/live/jobs/{}/"
    asked = {
        "url": f"http://127.0.0.1:{port}", "cookie": scene.cookie, "naive": naive,
        "paths": [path.format(job.pk) for job in made for _ in range(watchers)],
        "seconds": seconds + SETTLE,
    }  # fmt: skip
    pages = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.joblog_watchers"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    pages.stdin.write(json.dumps(asked) + "\n")
    pages.stdin.flush()
    pages.stdout.readline()
    used, began = _cpu(server), time.monotonic()
    printed = scene.say(made, naive, wanted, STEP, seconds)
    rate = printed / (time.monotonic() - began)
    delays = json.loads(pages.stdout.readline())
    pages.wait()
    name = f"{'naive' if naive else 'ours'}, {jobs} x {watchers}"
    share = len(delays) / (printed * watchers)
    p99 = quantiles(delays, n=100)[98] if len(delays) > 1 else float("nan")
    print(f"{name:32}{rate:14,.0f}{len(made) * watchers:14}{share:14.1%}"
          f"{median(delays or [float('nan')]):14.0f}{p99:14.0f}{_cpu(server) - used:14.1f}",
          flush=True)  # fmt: skip


def _cpu(pid: int) -> float:
    """Seconds of user and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
