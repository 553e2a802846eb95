"""Asks now and then how busy the hardware of jobs is, and writes it down."""

import logging
from collections.abc import Callable

from django.db import connection

from compute.engines.measures import EngineRefused, EngineUnavailable, Measures
from compute.jobs import measuring
from compute.jobs.keeping.strands import Strand
from compute.jobs.leasing import Lease

log = logging.getLogger(__name__)
EVERY_S = 15.0


class Sampling:
    """One sample of all running jobs every `EVERY_S`; a source that is silent is asked again."""

    def __init__(self, source: Measures, lease: Lease, every: float = EVERY_S) -> None:
        self._source, self._lease, self._every = source, lease, every
        self.strand = Strand("measures", self._work)

    def start(self) -> "Sampling":
        self.strand.start()
        return self

    def stop(self) -> None:
        self.strand.stop()

    def _work(self, stopped: Callable[[], bool]) -> None:
        while not stopped():
            try:
                self.sample()
            except (EngineUnavailable, EngineRefused) as silent:
                log.warning("nothing could be measured now: %s", silent)
            except Exception:
                log.exception("measures could not be taken")
            finally:
                connection.close()
            self.strand.rest(self._every)

    def sample(self) -> int:
        """One sample of every running job that is measured; how many there were."""
        running = measuring.pods()
        used = self._source.now() if running else {}
        found = measuring.of_jobs(running, used)
        return measuring.write(found, token=self._lease.token, duty=self._lease.duty)
