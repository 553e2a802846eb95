"""Watches one cluster: names of attempts become jobs to converge; a broken line is made anew."""

import logging
import re
import time
from collections.abc import Callable
from uuid import UUID

from django.db import connection

from compute.capacity.models import Cluster
from compute.engines.jobs import EngineRefused, EngineUnavailable, JobEngine
from compute.jobs.keeping.strands import Pauses, Strand
from compute.jobs.models import Job
from portal.core import tenancy

log = logging.getLogger(__name__)
NAME = re.compile(r"j-([0-9a-f]{32})-\d+")
SILENT_S = 20.0  # four signs of life are missing


def job_of(name: str) -> UUID | None:
    """The job that an attempt of this name is of; None where it is none of ours."""
    found = NAME.fullmatch(name)
    return UUID(found[1]) if found else None


class Watch:
    """One line to one cluster. `heard` is when something last came over it, a sign of life too;
    `lines` how often it was made."""

    def __init__(
        self,
        cluster: Cluster,
        engine_of: Callable[[Cluster], JobEngine],
        moved: Callable[..., None],
    ) -> None:
        self.cluster = cluster
        self.heard = time.monotonic()
        self.lines = 0
        self._engine_of, self._moved = engine_of, moved
        self._pauses = Pauses()
        self.strand = Strand(f"watch {cluster.slug}", self._work).start()

    @property
    def hangs(self) -> bool:
        """Whether it should be given up and made anew: half-open lines never end by themselves."""
        return not self.strand.alive or time.monotonic() - self.heard > SILENT_S

    def stop(self) -> None:
        self.strand.stop()

    def _work(self, stopped: Callable[[], bool]) -> None:
        while not stopped():
            try:
                self._follow(stopped)
            except (EngineUnavailable, EngineRefused) as lost:
                log.warning("the watch of %s broke: %s", self.cluster.slug, lost)
            except Exception:
                log.exception("the watch of %s broke", self.cluster.slug)
            self.heard = time.monotonic()
            if not stopped():
                self.strand.rest(self._pauses.after_failure())

    def _follow(self, stopped: Callable[[], bool]) -> None:
        line = self._engine_of(self.cluster).watch(stopped)
        self.lines += 1
        for first, name in enumerate(line):
            self.heard = time.monotonic()
            if stopped():
                return
            if not first:  # the line is there: whatever moved before nobody told us
                self._look_at_all()
                self._pauses.went_well()
            if job_id := job_of(name):
                self._moved(job_id)

    def _look_at_all(self) -> None:
        try:
            with tenancy.as_system():
                missed = Job.objects.unsettled().filter(cluster=self.cluster)
                ids = list(missed.order_by("id").values_list("pk", flat=True))
        finally:
            connection.close()
        for job_id in ids:
            self._moved(job_id, later=True)
