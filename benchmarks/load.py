"""Callers over keep-alive connections, and what they measured."""

import http.client
import os
import statistics
import threading
import time
from dataclasses import dataclass

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Round:
    """Latencies in milliseconds, CPU of the server in microseconds a call."""

    calls: int
    failed: int
    seconds: float
    p50: float
    p95: float
    p99: float
    cpu: float

    @property
    def rate(self) -> float:
        return self.calls / self.seconds


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def call_for(
    seconds: float, connections: int, port: int, path: str, body: bytes, headers: dict, pid: int
) -> Round:
    """Call as fast as answers come, over `connections` connections at once."""
    spent: list[float] = []
    failed: list[int] = []
    until = time.perf_counter() + seconds

    def caller() -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while (began := time.perf_counter()) < until:
            line.request("POST", path, body, headers)
            answer = line.getresponse()
            answer.read()
            spent.append((time.perf_counter() - began) * 1000)
            if answer.status != 200:
                failed.append(answer.status)
        line.close()

    threads = [threading.Thread(target=caller) for _ in range(connections)]
    began, cpu = time.perf_counter(), cpu_seconds(pid)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took, used = time.perf_counter() - began, cpu_seconds(pid) - cpu
    cuts = statistics.quantiles(spent, n=100)
    return Round(
        calls=len(spent),
        failed=len(failed),
        seconds=took,
        p50=cuts[49],
        p95=cuts[94],
        p99=cuts[98],
        cpu=used / len(spent) * 1e6,
    )
