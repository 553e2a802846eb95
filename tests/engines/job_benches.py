"""What the contract of job engines is tried on: each engine, and how a test makes things happen.

A bench has an `engine`, makes orders whose program it can steer, and waits in its own way:
`running` until it runs, `say` lets it print, `finish` lets it end, `time_out` lets its limit
pass, `fill` takes all hardware so that what comes after it waits. A further engine adds its own
class here and its name to `BENCHES`.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from compute.engines.fake_jobs import FakeJobs
from compute.engines.fleet import FlavourOrder, FleetOrder, QueueOrder, QuotaOrder
from compute.engines.jobs import PRIORITIES, EndCause, JobOrder, JobPhase, JobSighting
from compute.engines.kueue import Kueue
from portal.local.cluster.api import MERGE

BENCHES = ("fake", "local", "kueue")
STEERED = """
n=0
until test -e "$STEER/end"; do
  if test -e "$STEER/say.$n"; then cat "$STEER/say.$n"; n=$((n + 1)); else sleep 0.05; fi
done
exit "$(cat "$STEER/end")"
"""


def new_order(**changes) -> JobOrder:
    """A small order with a name of its own."""
    wanted = JobOrder(
        name=f"j-{secrets.token_hex(16)}-1",
        uid=secrets.token_hex(16),
        tenant="lab",
        image="",
        command=("true",),
        flavours=("cpu",),
        cpu=Decimal("0.1"),
        memory_mb=128,
        time_limit_s=60,
    )
    return replace(wanted, **changes)


def until(check: Callable, what: str, within: float = 30.0):
    """Wait for something true and hand it back."""
    give_up = time.monotonic() + within
    while time.monotonic() < give_up:
        if found := check():
            return found
        time.sleep(0.03)
    raise AssertionError(f"Waited {within:.0f} s in vain for {what}.")


class FakeBench:
    """The fake, where everything happens when asked."""

    def __init__(self) -> None:
        self.engine = FakeJobs()

    def order(self, **changes) -> JobOrder:
        return new_order(**changes)

    def running(self, name: str) -> JobSighting:
        self.engine.run(name)
        return self.engine.look(name)

    def say(self, name: str, text: str) -> None:
        self.engine.say(name, *text.splitlines())

    def finish(self, name: str, exit_code: int = 0) -> JobSighting:
        self.engine.finish(name, exit_code)
        return self.engine.look(name)

    def time_out(self, name: str) -> JobSighting:
        self.engine.finish(name, 143, EndCause.TIME_LIMIT, "It ran longer than its limit.")
        return self.engine.look(name)

    def ended(self, name: str) -> JobSighting:
        return self.engine.look(name)

    def fill(self) -> JobOrder:
        wanted = self.order()
        self.engine.start(wanted)
        self.engine.run(wanted.name)
        return wanted


class LocalBench:
    """A real job host, whose programs are steered by files in a folder."""

    def __init__(self, host, folder: Path) -> None:
        self.engine, self.host, self.folder = host.engine, host, folder
        self.spoken: dict[str, int] = {}

    def order(self, **changes) -> JobOrder:
        wanted = new_order(command=("sh", "-c", STEERED))
        (self.folder / wanted.name).mkdir(mode=0o755)
        steer = {"STEER": str(self.folder / wanted.name)}
        return replace(wanted, **{"variables": steer, **changes})

    def running(self, name: str) -> JobSighting:
        return self._until(name, JobPhase.RUNNING)

    def say(self, name: str, text: str) -> None:
        number = self.spoken[name] = self.spoken.get(name, -1) + 1
        self._steer(name, f"say.{number}", text)

    def finish(self, name: str, exit_code: int = 0) -> JobSighting:
        self._steer(name, "end", str(exit_code))
        return self.ended(name)

    def time_out(self, name: str) -> JobSighting:
        return self.ended(name)

    def ended(self, name: str) -> JobSighting:
        return self._until(name, JobPhase.SUCCEEDED, JobPhase.FAILED, JobPhase.STOPPED)

    def fill(self) -> JobOrder:
        wanted = self.order(cpu=self.engine.nodes()[0].cpu)
        self.engine.start(wanted)
        self.running(wanted.name)
        return wanted

    def _steer(self, name: str, file: str, text: str) -> None:
        beside = self.folder / name / f".{file}"
        beside.write_text(text)
        beside.chmod(0o644)
        beside.rename(self.folder / name / file)

    def _until(self, name: str, *phases: JobPhase) -> JobSighting:
        def seen() -> JobSighting | None:
            sighting = self.engine.look(name)
            wrong = sighting.ended and sighting.phase not in phases
            assert not wrong, f"It is {sighting.phase}: {sighting.words}"
            return sighting if sighting.phase in phases else None

        return until(seen, f"{name} to be {phases}")


class KueueBench:
    """A real Kubernetes with Kueue, whose pods run until they are told to end."""

    CORES = 2
    LEAST = 4  # seconds: a shorter limit would be over before the pod is seen to run

    def __init__(self, cluster) -> None:
        self.cluster, self.logs = cluster, {}
        self.engine = Kueue(str(cluster.kubeconfig), field_manager="millwright-contract")
        quota = QuotaOrder("cpu", Decimal(self.CORES), borrow=Decimal(0))
        lab = QueueOrder("lab", (quota,))
        self.engine.apply(FleetOrder((FlavourOrder("cpu"),), (lab,), PRIORITIES))

    def order(self, **changes) -> JobOrder:
        limit = max(changes.pop("time_limit_s", 60), self.LEAST)
        return new_order(**{"image": "registry.invalid/x:1", "time_limit_s": limit, **changes})

    def running(self, name: str) -> JobSighting:
        seen = self._until(name, JobPhase.RUNNING)
        self._log_of(seen)
        return seen

    def say(self, name: str, text: str) -> None:
        self._log_of(self.engine.look(name)).write(*text.splitlines())

    def _log_of(self, seen: JobSighting):
        """Of its last pod: what runs has a log, though it be empty."""
        pod = seen.pods[-1].name
        if pod not in self.logs:
            self.logs[pod] = self.cluster.pod_log("millwright-lab", pod)
        return self.logs[pod]

    def finish(self, name: str, exit_code: int = 0) -> JobSighting:
        """Not in the second in which it began: Kubernetes counts in these."""
        time.sleep(1)
        told = {"millwright.sim/end": "now", "millwright.sim/exit-code": str(exit_code)}
        for pod in self.engine.look(name).pods:
            path = f"/api/v1/namespaces/millwright-lab/pods/{pod.name}"
            self.cluster.api.request(
                "PATCH", path, {"metadata": {"annotations": told}}, kind=MERGE
            )
        return self.ended(name)

    def time_out(self, name: str) -> JobSighting:
        return self.ended(name)

    def ended(self, name: str) -> JobSighting:
        return self._until(name, JobPhase.SUCCEEDED, JobPhase.FAILED, JobPhase.STOPPED)

    def fill(self) -> JobOrder:
        """Nothing goes before it: what is urgent waits too."""
        wanted = self.order(cpu=Decimal(self.CORES), priority="urgent")
        self.engine.start(wanted)
        self.running(wanted.name)
        return wanted

    def _until(self, name: str, *phases: JobPhase) -> JobSighting:
        def seen() -> JobSighting | None:
            sighting = self.engine.look(name)
            return sighting if sighting.phase in phases else None

        return until(seen, f"{name} to be {phases}", within=60)
