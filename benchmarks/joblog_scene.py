"""Jobs that print for the measurement of logs, and the keeper's way and the naive way to tell."""

import asyncio
import time
from datetime import UTC, datetime

from channels.layers import get_channel_layer
from django.db import connection
from django.test import Client

from compute.engines.jobs import LogMark, LogPiece
from compute.jobs import leasing, logs
from compute.jobs.keeping.hints import Hints
from compute.jobs.keeping.writing import Reading, Writer
from compute.jobs.models import Job, Run
from portal.core import tenancy
from tests import factories
from tests.compute.jobs.logbook import running
from tests.conftest import person

AT_ONCE = 1000


class Scene:
    """A team with somebody who is signed in, and a lease."""

    def __init__(self) -> None:
        with tenancy.as_system():
            self.tenant = factories.tenant("claims")
            self.person = person("consumer", self.tenant, "consumer")
            self.lease = leasing.take("a measurement", length=3600)
        client = Client(SERVER_NAME="127.0.0.1")
        client.force_login(self.person)
        client.get("/healthz")
        self.cookie = client.cookies["sessionid"].value

    def jobs(self, count: int) -> list[Job]:
        """Fresh running jobs."""
        with tenancy.as_system():
            return [running(self.person, self.tenant) for _ in range(count)]

    def stored(self, count: int, lines: int) -> float:
        """Lines a second, written in groups as large as the writer makes them under load."""
        made = self.jobs(count)
        with tenancy.as_system():
            runs = [Run.objects.get(job=job) for job in made]
        each, marks, done = AT_ONCE // count, [""] * count, 0
        began = time.monotonic()
        while done < lines:
            pieces = [
                piece(f"step={done + n} loss=0.4127 lr=1.22e-05", done + n) for n in range(each)
            ]
            batches = [logs.Batch(run.pk, marks[i], pieces) for i, run in enumerate(runs)]
            logs.store_all(batches, token=self.lease.token)
            marks = [pieces[-1].mark.text] * count
            done += each * count
        return done / (time.monotonic() - began)

    def say(self, made: list[Job], naive: bool, rate: int, step: float, seconds: float) -> int:
        """Let the jobs print at `rate` lines a second together; how many lines that were."""
        if naive:
            return asyncio.run(_naive(made, rate, step, seconds))
        connection.close()
        hints = Hints().start()
        writer = Writer(
            self.lease.token,
            grown=hints.logged,
            told=lambda runs: None,
            finished=lambda job: None,
            overtaken=lambda: None,
        ).start()
        with tenancy.as_system():
            runs = [Run.objects.get(job=job) for job in made]
        readings = [Reading(run.pk, run.job_id, "") for run in runs]
        count = 0
        for part in parts(rate, step, seconds):
            for n in part:
                reading = readings[n % len(readings)]
                writer.give(reading, [piece(text_of(n), n)])
            count += len(part)
        writer.stop()
        hints.stop()
        return count


async def _naive(made: list[Job], rate: int, step: float, seconds: float) -> int:
    layer, count = get_channel_layer(), 0
    for part in parts(rate, step, seconds):
        for n in part:
            group = f"naive.{made[n % len(made)].pk}"
            await layer.group_send(group, {"type": "line", "text": text_of(n)})
        count += len(part)
    return count


def parts(rate: int, step: float, seconds: float):
    """Numbers of the lines to print now, in steps; late steps are not made up for."""
    began, number, each = time.monotonic(), 0, round(rate * step)
    while time.monotonic() - began < seconds:
        yield range(number + 1, number + each + 1)
        number += each
        time.sleep(max(0.0, number / rate - (time.monotonic() - began)))


def text_of(n: int) -> str:
    return f"step={n} loss=0.4127 lr=1.22e-05 tokens/s=41,208 @{time.time():.4f}"


def piece(text: str, n: int) -> LogPiece:
    return LogPiece(datetime.fromtimestamp(time.time(), UTC), text, LogMark(str(n)))
