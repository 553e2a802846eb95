"""`manage.py keep_jobs`: follow the clusters, their jobs' logs and their use."""

import signal
import threading

from django.conf import settings
from django.core.management.base import BaseCommand

from compute.capacity import services as capacity
from compute.engines.measures import measures_of
from compute.jobs import services as jobs
from compute.jobs.keeping import Keeper


class Command(BaseCommand):
    help = (
        "Watch the clusters, converge the jobs that move there, store what they print, and "
        "sample how busy they are. Runs until it is stopped. Start it on several machines if you "
        "like: one does the work, and another one takes over within seconds when it dies."
    )

    def handle(self, *args, **options):
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        Keeper(
            engine_of=capacity.engine_of,
            converge=jobs.visit,
            together=lambda some: jobs.visit_together(some, heard=True),
            settle=jobs.settle_together,
            measures=measures_of(settings.PROMETHEUS_URL),
        ).run(stop.is_set)
