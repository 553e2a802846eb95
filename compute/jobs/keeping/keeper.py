"""Leads, or waits to: of all keepers one follows the clusters, the others stand by.

Whoever leads watches every cluster that has or may get work, turns what moved into `converge`,
stores the logs of pods, and samples measures. It holds a lease for `LEASE_S`; once that cannot be
renewed, everything stops here, and what still runs by then is refused by the token it names.
"""

import logging
import os
import random
import socket
import threading
import time
from collections.abc import Callable
from uuid import UUID

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Exists, OuterRef, Q

from compute.capacity.models import Cluster
from compute.engines.jobs import JobEngine
from compute.engines.measures import Measures
from compute.jobs import leasing
from compute.jobs.keeping.following import Following
from compute.jobs.keeping.hints import Hints
from compute.jobs.keeping.sampling import Sampling
from compute.jobs.keeping.turning import Turning, Visited
from compute.jobs.keeping.watching import Watch
from compute.jobs.keeping.writing import Writer
from compute.jobs.leasing import LEASE_S, RENEW_EVERY_S, Lease, NotLeading
from compute.jobs.models import Job
from portal.core import tenancy

log = logging.getLogger(__name__)
TRY_EVERY_S = 1.5
LOOK_EVERY_S = 3.0
STEP_S = 0.2


def holder() -> str:
    """Who this process is, for people who look at the lease."""
    return f"{socket.gethostname()}, process {os.getpid()}"


class Leading:
    """Everything that runs while this process leads."""

    def __init__(self, keeper: "Keeper", lease: Lease) -> None:
        self.lease = lease
        self.lost = threading.Event()
        self._keeper = keeper
        self.hints = Hints().start()
        acts = (self._then_follow(act) for act in (keeper.converge, keeper.together))
        self.turning = Turning(*acts, keeper.settle).start()
        self.writer = Writer(
            lease.token,
            grown=self.hints.logged,
            told=self.hints.told,
            finished=self.turning.moved,
            overtaken=self._overtaken,
        ).start()
        self.following = Following(keeper.engine_of, self.writer).start()
        self.watches: dict[UUID, Watch] = {}
        source = keeper.measures
        self.sampling = Sampling(source, lease).start() if source else None

    def look(self) -> None:
        """Watch the clusters that there are now, and make hanging lines anew."""
        clusters = {cluster.pk: cluster for cluster in worth_watching()}
        for pk, watch in list(self.watches.items()):
            if pk not in clusters or watch.hangs:
                watch.stop()
                del self.watches[pk]
        for pk, cluster in clusters.items():
            if pk not in self.watches:
                watch = Watch(cluster, self._keeper.engine_of, self.turning.moved)
                self.watches[pk] = watch

    def stop(self) -> None:
        """End all of it; what was read is written before."""
        for watch in self.watches.values():
            watch.stop()
        if self.sampling:
            self.sampling.stop()
        self.following.stop()
        self.writer.stop()
        self.turning.stop()
        self.hints.stop()

    @property
    def whole(self) -> bool:
        """Whether every part that must run does."""
        return self.writer.strand.alive and self.following.strand.alive

    def _then_follow(self, act: Callable) -> Callable:
        """Do it, and look whether there are new logs to follow."""

        def acts(subject):
            try:
                return act(subject)
            finally:
                self.following.look()

        return acts

    def _overtaken(self) -> None:
        """A write was refused: whether we still lead is asked before the next step."""
        self.lost.set()


class Keeper:
    """`run` until `stopped()`. `engine_of`, `converge`, `together` and `settle` are verbs of
    capacity and jobs; `measures` is None where nothing is measured."""

    def __init__(
        self,
        *,
        engine_of: Callable[[Cluster], JobEngine],
        converge: Callable[[UUID], object],
        together: Callable[[list[UUID]], Visited],
        settle: Callable[[list[UUID]], Visited],
        measures: Measures | None = None,
        name: str = "",
        length: float = LEASE_S,
        renew_every: float = RENEW_EVERY_S,
    ) -> None:
        self.engine_of, self.measures = engine_of, measures
        self.converge, self.together, self.settle = converge, together, settle
        self.name = name or holder()
        self.length, self.renew_every = length, renew_every
        self.leading: Leading | None = None

    def run(self, stopped: Callable[[], bool]) -> None:
        """Lead whenever nobody else does."""
        while not stopped():
            try:
                lease = leasing.take(self.name, length=self.length)
            except (DatabaseError, InterfaceError) as away:
                log.warning("the lease cannot be asked for now: %s", away)
                lease = None
            finally:
                connection.close()
            if lease:
                self._lead(lease, stopped)
            else:
                _rest(TRY_EVERY_S * random.uniform(0.7, 1.3), stopped)  # noqa: S311

    def _lead(self, lease: Lease, stopped: Callable[[], bool]) -> None:
        log.info("keeping jobs from now on, token %s", lease.token)
        self.leading = Leading(self, lease)
        try:
            self._hold(lease, stopped)
        except NotLeading as overtaken:
            log.warning("not keeping jobs any more: %s", overtaken)
        finally:
            self.leading.stop()
            self.leading = None
            self._let_go(lease)

    def _hold(self, lease: Lease, stopped: Callable[[], bool]) -> None:
        renewed, looked = time.monotonic(), float("-inf")
        while not stopped():
            now = time.monotonic()
            if not self.leading.whole:
                raise NotLeading("A part of this process broke.")
            if now - renewed >= self.renew_every or self.leading.lost.is_set():
                renewed = self._renew(lease, renewed)
            if now - looked >= LOOK_EVERY_S:
                looked = now
                self._look()
            _rest(STEP_S, lambda: stopped() or self.leading.lost.is_set())

    def _renew(self, lease: Lease, renewed: float) -> float:
        """When it was renewed last; raises `NotLeading` once that is too long ago."""
        now = time.monotonic()
        try:
            leasing.renew(lease, length=self.length)
            self.leading.lost.clear()
            return now
        except (DatabaseError, InterfaceError) as away:
            log.warning("the lease cannot be renewed now: %s", away)
            if now - renewed > self.length:
                raise NotLeading("The lease could not be renewed in time.") from away
            return renewed
        finally:
            connection.close()

    def _look(self) -> None:
        try:
            self.leading.look()
        except (DatabaseError, InterfaceError) as away:
            log.warning("the clusters cannot be looked at now: %s", away)
        finally:
            connection.close()

    def _let_go(self, lease: Lease) -> None:
        try:
            leasing.let_go(lease)
        except (DatabaseError, InterfaceError):
            log.warning("the lease could not be given back; it ends by itself")
        finally:
            connection.close()


def worth_watching() -> list[Cluster]:
    """Clusters that are open, and closed ones on which something is not settled."""
    owed = Job.objects.unsettled().filter(cluster=OuterRef("pk"))
    with tenancy.as_system():
        return list(Cluster.objects.filter(Q(open=True) | Exists(owed)).order_by("slug"))


def _rest(seconds: float, stopped: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while not stopped() and (left := until - time.monotonic()) > 0:
        time.sleep(min(0.1, left))
