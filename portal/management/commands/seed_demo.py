"""Make the demonstration: tenants, accounts, trained models, a pipeline and some jobs."""

import json
import os
import time

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.core import tenancy
from portal.demo import jobs as demo_jobs
from portal.demo import models as demo_models
from portal.demo import people
from portal.demo.trainer import TrainingFailed, train


class Command(BaseCommand):
    help = (
        "Make the demonstration: the cast with a sign-in each, three models trained and registered"
        " in MLflow, two of them published and served, and a pipeline with some jobs that run on"
        " by themselves. Writes var/demo.json (mode 600) when all of it is usable. Does nothing"
        " when that file is there; --again renews the sign-ins."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("--again", action="store_true", help="renew passwords and tokens")
        parser.add_argument("--wait", type=int, default=600, help="seconds to wait for models")

    def handle(self, *args, again: bool, wait: int, **options) -> None:
        target = settings.VAR_DIR / "demo.json"
        if target.exists() and not again:
            self.stdout.write(f"{target} is there: nothing to do.")
            return
        give_up = time.monotonic() + wait
        with tenancy.as_system():
            sign_ins = people.seed_people(people.seed_tenants())
        self.stdout.write("Tenants and accounts are there.")
        self._seed_models(give_up)
        self.stdout.write(demo_jobs.begin())
        fresh = target.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(sign_ins, indent=2))
        os.replace(fresh, target)
        self.stdout.write(f"The sign-ins are in {target}.")

    def _seed_models(self, give_up: float) -> None:
        try:
            train()
            self.stdout.write("Three models are trained and registered.")
            demo_models.publish_all(give_up)
        except (TrainingFailed, demo_models.NotInTime) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write("Two models are published and served.")
