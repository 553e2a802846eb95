"""Fetches all that a cluster has of one attempt, or of every one: one list for each kind."""

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from compute.engines import kueue_names as names
from compute.engines.kueue_client import Client
from compute.engines.kueue_evictions import Evictions
from compute.engines.kueue_kept import Kept, Recent
from compute.engines.kueue_manifests import Kind
from compute.engines.kueue_pods import Over, held_back, over
from compute.engines.kueue_reading import Scene

FLAVOURS_FOR = 20.0
NODES_FOR = 60.0
QUEUE_FOR, LONG_QUEUE_FOR, LONG = 1.0, 5.0, 100
REFUSALS_FOR = 3.0
ALIKE_FOR = 15.0
ASKED_FOR = 5.0
JUDGED_WITHIN = 2.0
AT_ONCE = 8
LISTED = 100  # names in one address
OURS = {"labelSelector": names.ATTEMPT}


class Scenes:
    """Reads a cluster for the engine."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._kept = Kept()
        self._evictions = Evictions(client)
        self._places, self._workloads, self._alike = Recent(), Recent(), Recent()
        self._over, self._pods = Recent(), Recent()

    # Where things are

    def place(self, name: str) -> str | None:
        """The namespace of an attempt, None where there is nothing of it."""
        if known := self._places.get(name):
            return known
        for path in (f"{names.BATCH}/jobs", f"{names.CORE}/pods"):
            found = self._client.every(path, labelSelector=f"{names.ATTEMPT}={name}")
            if found:
                return self.placed(name, found[0]["metadata"]["namespace"])
        return None

    def known_place(self, name: str) -> str | None:
        """Where it was last seen; asks nobody."""
        return self._places.get(name)

    def placed(self, name: str, namespace: str) -> str:
        """Remember where an attempt is."""
        return self._places.note(name, namespace)

    def over(self, name: str) -> tuple[Over, ...]:
        """Its pods that will hold no hardware any more, as they were seen last; asks nobody."""
        return self._over.get(name, ())

    def forgotten(self, name: str) -> None:
        self._over.pop(name, None)
        self._places.pop(name, None)
        self._workloads.pop(name, None)

    def kinds(self, wanted: Iterable[str] = ()) -> dict[str, Kind]:
        """The flavours of the cluster; asked anew where a wanted one is not known."""
        found = self._kept.get("kinds", FLAVOURS_FOR, self._kinds)
        if set(wanted) - set(found):
            self._kept.drop("kinds")
            found = self._kept.get("kinds", FLAVOURS_FOR, self._kinds)
        return found

    def priorities(self, wanted: str) -> set[str]:
        """Names of the cluster's priorities; asked anew where the wanted one is not among them."""
        found = self._kept.get("priorities", FLAVOURS_FOR, self._priorities)
        if wanted not in found:
            self._kept.drop("priorities")
            found = self._kept.get("priorities", FLAVOURS_FOR, self._priorities)
        return found

    # Scenes

    def job(self, name: str, namespace: str) -> dict | None:
        return self._client.find(f"{names.jobs_in(namespace)}/{name}")

    def workload(self, job: dict) -> dict | None:
        """What Kueue made of a Job."""
        meta = job["metadata"]
        path = names.workloads_in(meta["namespace"])
        if known := self._workloads.get(meta["name"]):
            named = self._client.every(path, fieldSelector=f"metadata.name={known}")
            if named and names.labels(named[0]).get(names.JOB_UID) == meta["uid"]:
                return named[0]
        selector = f"{names.JOB_UID}={meta['uid']}"
        found = next(iter(self._client.every(path, labelSelector=selector)), None)
        if found:
            self._workloads.note(meta["name"], found["metadata"]["name"])
        return found

    def pods(self, name: str, namespace: str) -> list[dict]:
        path = names.pods_in(namespace)
        return self._client.every(path, labelSelector=f"{names.ATTEMPT}={name}")

    def pod_name(self, name: str, namespace: str, uid: str) -> str | None:
        """What the pod of this uid is called."""
        if uid not in self._pods:
            for pod in self.pods(name, namespace):
                self._pods.note(pod["metadata"]["uid"], pod["metadata"]["name"])
        return self._pods.get(uid)

    def one(self, name: str) -> Scene:
        """All of one attempt."""
        namespace = self.place(name)
        if namespace is None:
            return Scene(name, None)
        job = self.job(name, namespace)
        workload = self.workload(job) if job else None
        pods = [] if job and _never_let_in(job, workload) else self.pods(name, namespace)
        if job and workload is None:
            job = self.job(name, namespace)  # both are gone, or the workload is still to come
        if job is None and not pods:
            self.forgotten(name)
        evictions = self._evictions.of(workload) if workload else ()
        return self._scene(name, job, workload, pods, evictions)

    def several(self, wanted: Iterable[str]) -> list[Scene]:
        """As `one` of each, from one list of each kind, whatever namespaces they are in."""
        wanted = list(wanted)
        known = [name for name in wanted if name in self._places]
        if len(known) < 2:
            return [self.one(name) for name in wanted]
        scenes = [self.one(name) for name in wanted if name not in self._places]
        for at in range(0, len(known), LISTED):
            scenes += self._together(known[at : at + LISTED])
        return scenes

    def _together(self, wanted: list[str]) -> Iterator[Scene]:
        places = {self._places.get(name) for name in wanted}
        namespace = places.pop() if len(places) == 1 else None
        jobs = self._jobs(namespace, wanted)
        uids = {job["metadata"]["uid"]: name for name, job in jobs.items()}
        found = self._listed(names.workloads_in(namespace), names.JOB_UID, uids)
        workloads = {uids[names.labels(one)[names.JOB_UID]]: one for one in found}
        pods = defaultdict(list)
        let_in = [
            name
            for name in wanted
            if name not in jobs or not _never_let_in(jobs[name], workloads.get(name))
        ]
        for pod in self._listed(names.pods_in(namespace), names.ATTEMPT, let_in):
            pods[names.labels(pod)[names.ATTEMPT]].append(pod)
        if bare := jobs.keys() - workloads.keys():  # both are gone, or it is still to come
            jobs = {name: job for name, job in jobs.items() if name not in bare}
            jobs |= self._jobs(namespace, bare)
        evictions = self._evictions.among(workloads)
        self._ask_queues(one for name, one in workloads.items() if _is_suspended(jobs.get(name)))
        for name in wanted:
            job, workload = jobs.get(name), workloads.get(name)
            if job is None and not pods[name]:
                self.forgotten(name)
            yield self._scene(name, job, workload, pods[name], evictions.get(name, ()))

    def _jobs(self, namespace: str | None, wanted: Iterable[str]) -> dict[str, dict]:
        found = self._listed(names.jobs_in(namespace), names.ATTEMPT, wanted)
        return {job["metadata"]["name"]: job for job in found}

    def _listed(self, path: str, label: str, values: Iterable[str]) -> list[dict]:
        """Things whose label has one of these values."""
        chosen = ",".join(sorted(values))
        if not chosen:
            return []
        return self._client.get(path, labelSelector=f"{label} in ({chosen})").get("items") or []

    def present(self) -> dict[str, str]:
        """By name the uid of all attempts of which there is anything."""
        pods = self._client.marks(f"{names.CORE}/pods", **OURS)
        jobs = self._client.marks(f"{names.BATCH}/jobs", **OURS)
        there = [pod for pod in pods if held_back(pod)]
        there += [job for job in jobs if not job["metadata"].get("deletionTimestamp")]
        found = {}
        for thing in there:
            said = names.labels(thing)
            self.placed(said[names.ATTEMPT], thing["metadata"]["namespace"])
            found[said[names.ATTEMPT]] = said.get(names.UID, "")
        return found

    def _scene(self, name, job, workload, pods, evictions) -> Scene:
        self._over.note(name, over(pods, names.now()))
        for pod in pods:
            self._pods.note(pod["metadata"]["uid"], pod["metadata"]["name"])
        return Scene(
            name,
            job,
            workload,
            tuple(pods),
            evictions,
            kinds={
                (kind.product, kind.region): kind.name for kind in reversed(self.kinds().values())
            },
            position=self.position,
            said=self.said,
            possible=self.possible,
            refused=self._refused,
        )

    # What matters while it waits

    def position(self, workload: dict) -> int | None:
        """Its place in the queue of its tenant, from 1; None while Kueue knows none."""
        if _has_left_queue(workload):
            return None
        meta = workload["metadata"]
        namespace = meta["namespace"]
        queue = workload["spec"].get("queueName") or names.LOCAL_QUEUE
        key = ("queue", namespace, queue)
        places = self._kept.get(key, _queue_for, lambda: self._queue(namespace, queue))
        return places.get(meta["name"])

    def said(self, workload: dict) -> tuple[str, str]:
        """Why Kueue does not let it in. One that is like another is not judged by itself: then
        what it said of the other counts."""
        own, namespace = _judgement(workload), workload["metadata"]["namespace"]
        if own[1]:
            self._judged(namespace, workload, own)
        if own[1] or _age(workload) < JUDGED_WITHIN:
            return own
        at, alike = self._alike.get((namespace, _shape(workload)), (float("-inf"), own))
        if time.monotonic() - at < ALIKE_FOR:
            return alike
        self._kept.get(("alike", namespace), ASKED_FOR, lambda: self._judge_all(namespace))
        return self._alike.get((namespace, _shape(workload)), (at, own))[1]

    def possible(self, job: dict) -> bool:
        """Whether some machine, were it empty, could hold one pod of it."""
        spec = job["spec"]["template"]["spec"]
        terms = _terms(spec)
        asked = {
            name: names.quantity(much)
            for name, much in spec["containers"][0]["resources"]["requests"].items()
        }
        nodes = self._kept.get("nodes", NODES_FOR, self._nodes)
        return any(_takes(labels, free, terms, asked) for labels, free in nodes)

    def _ask_queues(self, waiting: Iterable[dict]) -> None:
        """Of several tenants at once, so that none is waited for after the other."""
        one_of = {one["metadata"]["namespace"]: one for one in waiting if not _has_left_queue(one)}
        if len(one_of) > 1:
            with ThreadPoolExecutor(min(AT_ONCE, len(one_of))) as threads:
                for _ in threads.map(self.position, one_of.values()):
                    pass

    def _queue(self, namespace: str, queue: str) -> dict[str, int]:
        path = f"{names.VISIBILITY}/namespaces/{namespace}/localqueues/{queue}/pendingworkloads"
        answer = self._client.find(path, limit=1000) or {}
        return {
            item["metadata"]["name"]: item.get("positionInLocalQueue", 0) + 1
            for item in answer.get("items") or ()
        }

    def _judged(self, namespace: str, workload: dict, told: tuple[str, str]) -> None:
        self._alike.note((namespace, _shape(workload)), (time.monotonic(), told))

    def _judge_all(self, namespace: str) -> None:
        for one in self._client.every(names.workloads_in(namespace)):
            told = _judgement(one)
            if told[1]:
                self._judged(namespace, one, told)

    def _nodes(self) -> list[tuple[dict, dict[str, Decimal]]]:
        found = self._client.get(f"{names.CORE}/nodes", resourceVersion="0")["items"]
        return [
            (
                names.labels(node),
                {
                    name: names.quantity(much)
                    for name, much in (node["status"].get("allocatable") or {}).items()
                },
            )
            for node in found
        ]

    def _kinds(self) -> dict[str, Kind]:
        flavours = self._client.every(f"{names.KUEUE}/resourceflavors")
        kinds = {}
        for flavour in flavours:
            spec, said = flavour.get("spec") or {}, names.labels(flavour)
            name = flavour["metadata"]["name"]
            marks = spec.get("nodeLabels") or {}
            product, region = marks.get(names.PRODUCT, ""), marks.get(names.REGION, "")
            parts = int(said.get(names.PARTS) or 1)
            racks = spec.get("topologyName") == names.RACKS
            kinds[name] = Kind(name, product, region, parts, racks)
        return kinds

    def _priorities(self) -> set[str]:
        classes = self._client.every(f"{names.KUEUE}/workloadpriorityclasses")
        return {one["metadata"]["name"] for one in classes}

    def _refused(self, job: dict) -> str:
        """Why its pods are not made, from the newest event that says so."""
        meta = job["metadata"]
        space = meta["namespace"]
        told = self._kept.get(("refusals", space), REFUSALS_FOR, lambda: self._refusals(space))
        return told.get(meta["uid"], "")

    def _refusals(self, namespace: str) -> dict[str, str]:
        """By the uid of the Job. A cluster reads all of its events for any question about them,
        so this is one for all Jobs of a namespace."""
        told = self._client.every(
            f"{names.CORE}/namespaces/{namespace}/events", fieldSelector="reason=FailedCreate"
        )
        told.sort(key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")
        return {event["involvedObject"].get("uid"): event.get("message") or "" for event in told}


def _queue_for(places: dict[str, int]) -> float:
    """How long places are believed: a long queue is not listed at every look."""
    return LONG_QUEUE_FOR if len(places) > LONG else QUEUE_FOR


def _has_left_queue(workload: dict) -> bool:
    """Whether it is let in, though its Job may not have been told yet."""
    return bool(names.holds(names.conditions(workload), "QuotaReserved"))


def _is_suspended(job: dict | None) -> bool:
    return bool(job) and bool(job["spec"].get("suspend"))


def _never_let_in(job: dict, workload: dict | None) -> bool:
    """Whether it has waited since it was made, so that no pod of it was ever there."""
    if not job["spec"].get("suspend") or (job.get("status") or {}).get("startTime"):
        return False
    told = names.conditions(workload) if workload else {}
    return not {"Admitted", "Evicted"} & told.keys() and not names.holds(told, "QuotaReserved")


def _judgement(workload: dict) -> tuple[str, str]:
    """The reason and the message of a workload that waits; of no other."""
    said = names.conditions(workload).get("QuotaReserved")
    if not said or said["status"] == "True":
        return "", ""
    return said.get("reason") or "", said.get("message") or ""


def _shape(workload: dict) -> str:
    """Equal for workloads that ask for the same."""
    asked = []
    for part in workload["spec"].get("podSets") or ():
        spec = part["template"]["spec"]
        boxes = [box.get("resources") for box in spec["containers"]]
        asked.append((part.get("count"), part.get("topologyRequest"), spec.get("affinity"), boxes))
    return json.dumps(asked, sort_keys=True)


def _age(workload: dict) -> float:
    return (names.now() - names.moment(workload["metadata"]["creationTimestamp"])).total_seconds()


def _terms(spec: dict) -> list[list[dict]]:
    wanted = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    return [term["matchExpressions"] for term in wanted["nodeSelectorTerms"]]


def _takes(labels: dict, free: dict, terms: list[list[dict]], asked: dict) -> bool:
    enough = all(free.get(name, Decimal(0)) >= much for name, much in asked.items())
    return enough and any(_is_meant(labels, term) for term in terms)


def _is_meant(labels: dict, term: list[dict]) -> bool:
    for entry in term:
        value = labels.get(entry["key"])
        if entry["operator"] == "DoesNotExist":
            if value is not None:
                return False
        elif value not in entry["values"]:
            return False
    return True
