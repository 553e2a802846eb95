"""Hints from the keeper to open pages: that logs have grown, and how far jobs told they are."""

import threading
import time
from collections.abc import Iterable

from compute.jobs import broadcast
from compute.jobs.keeping.strands import Strand

STATE_EVERY_S = 2.0  # programs tell of their progress far more often than people look


class Hints:
    """That a log has grown is hinted at at once; that a job told how far it is at most once in
    `STATE_EVERY_S`, the last one too."""

    def __init__(self) -> None:
        self._told: set = set()
        self._said: dict = {}
        self._news = threading.Condition()
        self._strand = Strand("hints", self._work)

    def start(self) -> "Hints":
        self._strand.start()
        return self

    def stop(self) -> None:
        self._strand.stop()
        with self._news:
            self._news.notify_all()
        self._strand.join(5)

    def logged(self, job_ids: Iterable) -> None:
        """These logs have grown; returns at once."""
        broadcast.logged(job_ids)

    def told(self, job_ids: Iterable) -> None:
        """These jobs told how far they are; returns at once."""
        with self._news:
            self._told.update(job_ids)
            self._news.notify_all()

    def _work(self, stopped) -> None:
        while not stopped():
            with self._news:
                self._news.wait(STATE_EVERY_S / 4 if self._told else 1.0)
            broadcast.told(self._due(time.monotonic()))

    def _due(self, now: float) -> set:
        """The jobs of which it is to be said now."""
        with self._news:
            self._said = {job: at for job, at in self._said.items() if now - at < STATE_EVERY_S}
            due = self._told - self._said.keys()
            self._told -= due
            self._said |= dict.fromkeys(due, now)
        return due
