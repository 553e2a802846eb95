"""The parts of the measurement at size: making Jobs both ways, lags, and pages."""

import os
import time
import uuid
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

from django.test import Client as Visitor
from kubernetes import client, config

from benchmarks import served
from benchmarks.philly import Asked
from benchmarks.replay import IMAGE, submit, submit_all, submit_series
from compute.engines import kueue_manifests as manifests
from compute.engines import kueue_names as names
from compute.engines.kueue_client import Client
from compute.engines.kueue_scenes import Scenes
from compute.jobs import services as jobs
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Attempt, Job
from compute.jobs.services import attempts
from portal.audit.models import Event
from portal.core import tenancy

AT_ONCE = 8


class Bare:
    """What a script of a team would do: the same Jobs, one POST for each, by the client of
    Kubernetes for Python over kept connections. Only the label by which the portal knows its own
    is not on them."""

    NAME = "bare client"

    def __init__(self, api, teams):
        self.api, self.team = api, teams["closed"]
        self.space = names.namespace_of(self.team.tenant.slug)
        queues = api.get(f"/apis/kueue.x-k8s.io/v1beta2/namespaces/{self.space}/localqueues")
        self.queue = queues["items"][0]["metadata"]["name"]
        config.load_kube_config(os.environ["KUBECONFIG"])
        self.batch = client.BatchV1Api()

    def like(self, job: Job) -> None:
        """Make Jobs as the portal made the one of this job."""
        with tenancy.as_system():
            order = attempts.order_of(job.attempts.get())
        kinds = Scenes(Client(os.environ["KUBECONFIG"], manager="bare")).kinds()
        self.model = manifests.job(order, [kinds[name] for name in order.flavours])
        for meta in (self.model["metadata"], self.model["spec"]["template"]["metadata"]):
            meta["labels"].pop(names.ATTEMPT, None)

    def make(self, count: int) -> None:
        before = waiting(self)
        with ThreadPoolExecutor(AT_ONCE) as threads:
            list(threads.map(lambda _: self._create(), range(count)))
        _await(lambda: waiting(self) == before + count)

    def clear(self) -> None:
        """Take away all that was made here."""
        path = f"/apis/batch/v1/namespaces/{self.space}/jobs"
        for one in self.api.get(path)["items"]:
            name = one["metadata"]["name"]
            if name.startswith("bare-"):
                self.api.request("DELETE", f"{path}/{name}?propagationPolicy=Background")
        _await(lambda: waiting(self) == 0)

    def _create(self) -> None:
        meta = self.model["metadata"] | {"name": f"bare-{uuid.uuid4().hex[:12]}"}
        self.batch.create_namespaced_job(self.space, self.model | {"metadata": meta})


class Ours:
    """The same through `POST /api/v1/jobs/`, until the engine has confirmed all."""

    def __init__(self, bare: Bare):
        self.bare, self.team = bare, bare.team
        self.client = Visitor(SERVER_NAME="127.0.0.1")
        self.client.force_login(self.team.person)

    def fill(self) -> None:
        """All that this team may use, for as long as the others are made."""
        self.first = submit(self.team, Asked(0, self.team.tenant.slug, 36_000, 8, 1))
        _await(lambda: _status(self.first) == JobStatus.RUNNING)

    def clear(self) -> None:
        """Cancel all that was made here, and wait until it has left the queue."""
        with tenancy.acting_as(self.team.person):
            there = Job.objects.unsettled().exclude(pk=self.first.pk)
            jobs.cancel_all(there.select_related("tenant", "person"), by=self.team.person)
        _await(lambda: waiting(self.bare) == 0)

    def give_back(self) -> None:
        """What `fill` took."""
        with tenancy.acting_as(self.team.person):
            jobs.cancel(self.first, by=self.team.person)

    def make(self, count: int) -> list[str]:
        """The ids of what was made."""
        before = waiting(self.bare)
        made = self._ask(count)
        _await(lambda: waiting(self.bare) == before + count)
        _await(lambda: _confirmed(made) == count)
        return made

    def _ask(self, count: int) -> list[str]:
        return [self._post("/api/v1/jobs/", {})["id"] for _ in range(count)]

    def _post(self, path: str, more: dict) -> dict:
        body = {
            "tenant": self.team.tenant.slug, "name": "train", "command": ["train"],
            "image": IMAGE, "needs": {"gpus": 8, "cpu": 1, "memory_gb": 1},
        }  # fmt: skip
        answer = self.client.post(path, body | more, content_type="application/json")
        if answer.status_code != 201:
            raise RuntimeError(f"{answer.status_code} {answer.content[:300]!r}")
        return answer.json()


class OneByOne(Ours):
    """One request for each, as a script that knows no better."""

    NAME = "one by one"


class Series(Ours):
    """Up to `OF` jobs in a request, each with a variable of its own."""

    NAME, OF = "a series", 500

    def _ask(self, count: int) -> list[str]:
        made = []
        for at in range(0, count, self.OF):
            each = [{"SEED": str(n)} for n in range(at, min(count, at + self.OF))]
            answer = self._post("/api/v1/jobs/series/", {"each": each})
            made += [job["id"] for job in answer["jobs"]]
        return made


def waiting(bare: Bare) -> int:
    """How many workloads Kueue counts as waiting in the queue of that team."""
    path = f"/apis/kueue.x-k8s.io/v1beta2/namespaces/{bare.space}/localqueues/{bare.queue}"
    return bare.api.get(path).get("status", {}).get("pendingWorkloads", 0)


def submit_short(teams, count: int, rate: int) -> list:
    """So many jobs of one GPU for a second; their ids. At `rate` a second, the teams in turns; or
    all at once, a series of each team."""
    if rate:
        slugs = [team.tenant.slug for team in teams]
        comes = [Asked(n / rate, slugs[n % len(slugs)], 1, 1, 1) for n in range(count)]
        return submit_all(comes, dict(zip(slugs, teams, strict=True)))
    each = [{"SEED": str(n)} for n in range(count // len(teams))]
    made = []
    for team in teams:
        made += submit_series(team, Asked(0, team.tenant.slug, 1, 1, 1), each)
    return [job.pk for job in made]


def lags(made: list, witness) -> list[float]:
    """Seconds from the witness hearing that a pod runs to our row saying so."""
    with tenancy.as_system():
        jobs_by_name = {
            each.engine_name: str(each.job_id) for each in Attempt.objects.filter(job__in=made)
        }
        told = Event.objects.filter(
            subject_type="compute.job", verb__in=["running", "succeeded"],
            subject_id__in=[str(pk) for pk in made],
        ).order_by("-at")  # fmt: skip
        ours = dict(told.values_list("subject_id", "at"))
    heard = {jobs_by_name.get(seen.job): at for seen, at in witness.first_ran()}
    return [max(0.0, (ours[job] - at).total_seconds()) for job, at in heard.items() if job in ours]


def pages(team, made: list) -> dict[str, tuple[list[float], list[float]]]:
    """Milliseconds on the server of the list and of one job's page, and those of a processor.

    Asked of a process that does nothing else, as those of a server do.
    """
    paths = {"list": "/jobs/", "job page": f"/jobs/{made[-1]}/", "API list": "/api/v1/jobs/"}
    with ProcessPoolExecutor(1, get_context("spawn")) as apart:
        return apart.submit(served.asked, team.person.username, paths).result()


def _status(job: Job) -> str:
    with tenancy.as_system():
        return Job.objects.get(pk=job.pk).status


def _confirmed(made: list) -> int:
    with tenancy.as_system():
        return Attempt.objects.filter(job__in=made, ordered_at__isnull=False).count()


def _await(check, within: float = 1800.0) -> None:
    give_up = time.monotonic() + within
    while not check():
        if time.monotonic() > give_up:
            raise RuntimeError("the engine has not confirmed all jobs in time")
        time.sleep(0.2)
