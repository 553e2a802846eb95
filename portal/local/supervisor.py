"""Behind `make run`: starts everything in order, keeps it running, stops it in order."""

import os
import time
from collections.abc import Callable

import psycopg

from portal.local import environment, given
from portal.local.console import Console
from portal.local.demo import Demo
from portal.local.errors import LocalError
from portal.local.family import Family
from portal.local.folder import Lock, make_private, write_json
from portal.local.mlflow import EmbeddedMlflow, answers, status_of
from portal.local.plan import Plan
from portal.local.ports import demand, reserve
from portal.local.postgres import EmbeddedPostgres
from portal.local.processes import ChildProcess, rotate
from portal.local.programs import Addresses, Programs, host_address
from portal.local.signals import Signals, StopAsked
from portal.local.valkey import EmbeddedValkey

LEAVE_ORDER = (
    ("worker", "beat", "keeper", "web", "gateway"),
    ("model-host", "job-host"),  # after those who ask them
    ("mlflow",),  # jobs that are stopped save what they have there
    ("valkey", "postgres"),
)
MIGRATION_LOCK = 0x6D696C6C
USABLE_WITHIN = 180.0
LOOK_EVERY = 0.25


class Supervisor:
    """One start of the portal on this machine, until everything has stopped again."""

    def __init__(self, plan: Plan, console: Console):
        self.plan = plan
        self.console = console
        self.family = Family(console, LEAVE_ORDER)
        self.lock = Lock(plan.var)
        self.postgres: EmbeddedPostgres | None = None
        self.mlflow: EmbeddedMlflow | None = None
        self.demo: Demo | None = None
        self.once: ChildProcess | None = None
        self.signals = Signals(self.family.kill)
        self.parent = os.getppid()

    def run(self) -> None:
        """Until asked to stop; LocalError when it cannot start. Nothing is left running after."""
        self.lock.take(address=self.plan.portal_url)
        try:
            with self.signals.heeded():
                self._start()
                self._stay()
        except StopAsked:
            self.console.say("Stopping.")
        finally:
            self._stop()

    def _start(self) -> None:
        self.console.say(f"Starting Millwright. Data and logs: {self.plan.var}")
        demand(self.plan.port, host=self.plan.host, variable="PORT")
        demand(self.plan.gateway_port, host=self.plan.host, variable="GATEWAY_PORT")
        reserve(self.plan.var, portal=self.plan.port, gateway=self.plan.gateway_port)
        addresses = self._start_services()
        programs = Programs(self.plan, addresses)
        write_json(self.plan.var / "services.json", addresses.told(self.plan))
        environment.hand_on(self.plan.var, programs.own())
        self._migrate(programs, addresses.owner_url)
        self._start_programs(programs)
        self.demo = Demo(self.plan.var / "demo.json", self.console, seed=programs.seed)
        self._tell()

    def _start_services(self) -> Addresses:
        app_url, owner_url = self._start_postgres()
        redis_url = self._start_valkey()
        return Addresses(
            app_url=app_url,
            owner_url=owner_url,
            redis_url=redis_url,
            mlflow_url=self._place_mlflow(),
            model_host_url=host_address(self.plan, "model_host"),
            job_host_url=self._place_job_host(),
        )

    def _start_postgres(self) -> tuple[str, str]:
        plan = self.plan
        if plan.database_url:
            with self.console.step("PostgreSQL") as notes:
                version = given.check_database(plan.database_url, plan.database_owner_url)
                where = given.address_without_secrets(plan.database_url)
                notes.append(f"given: {where}, version {version}")
        if plan.needs_postgres:
            with self.console.step("PostgreSQL") as notes:
                self.postgres = EmbeddedPostgres(plan.var, durable=True)
                self.postgres.start()
                self.family.add(self.postgres.child)
                notes.append(f"version {self.postgres.version}, port {self.postgres.port}")
                if aside := self.postgres.set_aside:
                    notes.append(f"(an unfinished first start was moved to {aside})")
                if plan.database_url:
                    notes.append("(for MLflow alone)")
        if plan.database_url:
            return plan.database_url, plan.database_owner_url
        return self.postgres.app_url, self.postgres.owner_url

    def _start_valkey(self) -> str:
        with self.console.step("Valkey") as notes:
            if self.plan.redis_url:
                version = given.check_redis(self.plan.redis_url)
                where = given.address_without_secrets(self.plan.redis_url)
                notes.append(f"given: {where}, version {version}")
                return self.plan.redis_url
            valkey = EmbeddedValkey(self.plan.var, durable=True)
            valkey.start()
            self.family.add(valkey.child)
            notes.append(f"port {valkey.port}")
            return valkey.url

    def _place_mlflow(self) -> str:
        if self.plan.mlflow_url:
            with self.console.step("MLflow") as notes:
                given.check_mlflow(self.plan.mlflow_url)
                notes.append(f"given: {given.address_without_secrets(self.plan.mlflow_url)}")
            return self.plan.mlflow_url
        self.mlflow = EmbeddedMlflow(self.plan.var, database_url=self.postgres.mlflow_url)
        self.mlflow.choose_port()
        return self.mlflow.url

    def _place_job_host(self) -> str:
        return host_address(self.plan, "job_host") if self.plan.needs_job_host else ""

    def _migrate(self, programs: Programs, owner_url: str) -> None:
        """Under a lock, because a given database may be that of several installations."""
        with (
            self.console.step("migrations"),
            psycopg.connect(owner_url, autocommit=True) as owner,
        ):
            owner.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
            self.once = programs.migrate()
            rotate(self.once.log)
            self.once.start()
            self._wait(lambda: not self.once.running, within=3600)
            if self.once.exit_code:
                raise LocalError(
                    f"The migrations failed ({self.once.last_words()}): see {self.once.log}."
                )

    def _start_programs(self, programs: Programs) -> None:
        """The pages first; what they can do without for a while follows."""
        web, gateway = programs.web(), programs.gateway()
        for child in (web, gateway):
            self._begin(child)
        with self.console.step("web") as notes:
            self._until_it_answers(web, lambda: answers(self.plan.portal_url, "/readyz"))
            notes.append(self.plan.portal_url)
        with self.console.step("gateway") as notes:
            self._until_it_answers(
                gateway, lambda: status_of(self.plan.gateway_url, "/v2/health/live") is not None
            )
            notes.append(self.plan.gateway_url)
        followers = [programs.worker(), programs.beat(), programs.keeper(), programs.model_host()]
        if self.plan.needs_job_host:
            followers.append(programs.job_host())
        for child in followers:
            with self.console.step(child.name):
                self._begin(child)
        if self.mlflow:
            with self.console.step("mlflow") as notes:
                self.mlflow.begin()
                self.family.add(self.mlflow.child)
                notes.append(f"{self.mlflow.url}, ready in a minute")

    def _begin(self, child: ChildProcess) -> None:
        rotate(child.log)
        child.start()
        self.family.add(child)

    def _until_it_answers(self, child: ChildProcess, well: Callable[[], bool]) -> None:
        self._wait(lambda: well() or not child.running, within=USABLE_WITHIN)
        if not child.running or not well():
            raise LocalError(
                f"{child.name} does not start ({child.last_words()}): see {child.log}."
            )

    def _wait(self, over: Callable[[], bool], *, within: float) -> None:
        give_up = time.monotonic() + within
        while not over() and time.monotonic() < give_up:
            time.sleep(0.05)

    def _tell(self) -> None:
        self.console.say(f"Usable after {self.console.since_start()}.")
        self.console.say()
        self.console.say(f"  Open     {self.plan.portal_url}")
        self.console.say(f"  Gateway  {self.plan.gateway_url}")
        self.console.say(f"  Sign-ins {self.plan.var / 'demo.json'} (shown here once they exist)")
        self.console.say("  Stop     Ctrl-C")
        self.console.say()

    def _stay(self) -> None:
        while not self._make_is_gone():
            self.family.look_after()
            self.demo.look(self._registry_is_ready)
            time.sleep(LOOK_EVERY)

    def _registry_is_ready(self) -> bool:
        return self.mlflow is None or self.mlflow.is_ready()

    def _make_is_gone(self) -> bool:
        """Nobody could reach us with Ctrl-C after make was killed."""
        return "MAKELEVEL" in os.environ and os.getppid() != self.parent

    def _stop(self) -> None:
        self.signals.stopping = True
        began = time.monotonic()
        with self.signals.heeded():
            for child in filter(None, (self.demo, self.once)):
                child.stop()
            self.family.stop()
        (self.plan.var / "services.json").unlink(missing_ok=True)
        environment.withdraw(self.plan.var)
        self.lock.release()
        if self.family.members:
            self.console.say(f"Stopped in {time.monotonic() - began:.1f} s.")


def run(plan: Plan, console: Console) -> None:
    """Make the folder and run until asked to stop."""
    make_private(plan.var)
    Supervisor(plan, console).run()
