"""A world that goes wrong at random: lost replies, deaths at any step, hands in between."""

from collections import Counter
from datetime import timedelta
from random import Random

from django.db import connection
from django.utils import timezone

from compute.engines.jobs import EngineUnavailable, JobPhase
from compute.jobs import services
from compute.jobs.models import Attempt, Job, Run
from compute.jobs.services import sweeping
from portal.core.errors import Refused
from tests.compute.jobs.stage import fresh

STATEMENTS = ("SELECT", "INSERT", "UPDATE")
PRIORITIES = ("low", "normal")


class Died(Exception):
    """A process was killed here."""


class Storm:
    """Acts on one job and its engine; `pods` is what really ran: (from, until) by uid."""

    def __init__(self, seed: int, job: Job, engine, person) -> None:
        self.chance, self.job, self.engine, self.person = Random(seed), job, engine, person
        self.pods: dict[str, tuple] = {}
        self.vanished: set[str] = set()
        self.met: Counter = Counter()
        self.wild = self.watching = False
        self.deep = self.dies_at = 0
        engine.faults = self.called

    def blow(self, steps: int) -> None:
        """Let things happen, well and badly, in any order."""
        acts = [self.visit] * 5 + [self.move] * 3 + [self.wish, self.sweep]
        for _ in range(steps):
            self.chance.choice(acts)()
            self.watch()

    def calm(self) -> None:
        """Everything works again: the job is brought to its end, and a minute passes."""
        for _ in range(12):
            services.converge(self.job.pk)
            for name, seen in self.there().items():
                if seen.phase in {JobPhase.WAITING, JobPhase.STARTING}:
                    self.engine.run(name)
                elif seen.phase is JobPhase.RUNNING:
                    self.engine.pass_time(7)
                    self.engine.finish(name)
            self.watch()
            self.sweep()

    def visit(self) -> None:
        """A worker looks after the job; it may be killed at any statement or call."""
        self.dies_at = self.chance.choice([0, 0, 0, self.chance.randrange(1, 60)])
        self.wild = True
        try:
            with connection.execute_wrapper(self.statement):
                services.converge(self.job.pk)
        except (Died, EngineUnavailable) as met:
            self.met[type(met).__name__] += 1
        finally:
            self.wild, self.dies_at = False, 0

    def statement(self, execute, sql, params, many, context):
        if self.dies_at and sql.startswith(STATEMENTS):
            self.dies_at -= 1
            if not self.dies_at:
                raise Died(sql[:40])
        return execute(sql, params, many, context)

    def called(self, moment: str, verb: str) -> None:
        """The engine is called, or answers."""
        if self.watching:
            return
        self.watch()
        if self.wild:
            self.fault(moment, verb)

    def fault(self, moment: str, verb: str) -> None:
        luck = self.chance.random()
        if luck < 0.12:
            raise EngineUnavailable(f"lost {moment} {verb}")
        if luck < 0.17:
            raise Died(f"{moment} {verb}")
        if luck < 0.30 and not self.deep:
            self.deep += 1
            try:
                self.between()
            finally:
                self.deep -= 1

    def between(self) -> None:
        """Another hand, or the world, in the middle of a visit."""
        self.met["between"] += 1
        wild, self.wild = self.wild, False
        dies, self.dies_at = self.dies_at, 0
        try:
            self.chance.choice([self.whole_visit, self.whole_visit, self.move, self.wish])()
            self.watch()
        finally:
            self.wild, self.dies_at = wild, dies

    def whole_visit(self) -> None:
        services.converge(self.job.pk)

    def move(self) -> None:
        """The engine does something with what it has."""
        for name, seen in self.there().items():
            self.engine.pass_time(self.chance.randrange(1, 90))
            if seen.phase in {JobPhase.WAITING, JobPhase.STARTING}:
                self.chance.choice([self.engine.admit, self.engine.run, self.engine.run])(name)
            elif seen.phase is JobPhase.RUNNING:
                self._upset(name)

    def _upset(self, name: str) -> None:
        end = self.chance.choice(["evict", "evict", "lose", "fail", "finish", "vanish", "run on"])
        self.met[end] += 1
        if end == "evict":
            self.engine.evict(name, by="", rule="InCohortReclamation")
        elif end == "lose":
            self.engine.lose_node(name)
        elif end == "vanish":
            self.vanished |= {pod.uid for pod in self.there()[name].pods}
            self.engine.vanish(name)
        elif end != "run on":
            self.engine.finish(name, exit_code=end == "fail")

    def wish(self) -> None:
        try:
            if self.chance.random() < 0.1:
                services.cancel(fresh(self.job), by=self.person)
            else:
                to = self.chance.choice(PRIORITIES)
                services.prioritise(fresh(self.job), by=self.person, to=to)
        except Refused:
            self.met["refused"] += 1

    def sweep(self) -> None:
        self.age()
        if cluster := fresh(self.job).cluster:
            sweeping.end_orphans(cluster)

    def age(self) -> None:
        """A minute passes for what waits for one, and the logs are read."""
        Attempt.objects.filter(job=self.job).update(noted_at=timezone.now() - timedelta(minutes=2))
        Run.objects.filter(job=self.job).update(log_read_at=timezone.now())

    def there(self) -> dict:
        self.watching, before = True, self.watching
        try:
            return {seen.name: seen for seen in self.engine.look_all(self.engine.present())}
        finally:
            self.watching = before

    def watch(self) -> None:
        """Remember what ran, and until when."""
        for seen in self.there().values():
            for pod in seen.pods:
                self.pods[pod.uid] = (pod.started_at, pod.ended_at)
