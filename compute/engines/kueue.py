"""Jobs on a Kubernetes whose queues Kueue keeps: each attempt is exactly one Job."""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from compute.engines import kueue_manifests as manifests
from compute.engines import kueue_names as names
from compute.engines import kueue_pods as pods
from compute.engines import kueue_reading as reading
from compute.engines.fleet import Drift, FleetOrder, NodeSighting
from compute.engines.jobs import (
    EngineRefused,
    EngineUnavailable,
    JobOrder,
    JobPhase,
    JobSighting,
    LogMark,
    LogPieces,
)
from compute.engines.kueue_client import STRATEGIC, Answered, Client
from compute.engines.kueue_fleet import Fleet
from compute.engines.kueue_logs import Log
from compute.engines.kueue_scenes import Scenes
from compute.engines.kueue_watching import Watch

TAKEN_WITHIN = 3.0  # seconds that Kueue has to notice a Job that is to be stopped
AT_ONCE = 8


class Kueue:
    """A `JobEngine` and a `FleetEngine` on the cluster of a kubeconfig.

    `kubeconfig` is a path, empty for the account of the pod that this runs in; `context` one of
    its contexts. `field_manager` is the name under which this owns what it applies: fleets of
    different names in one cluster leave each other alone.
    """

    def __init__(
        self, kubeconfig: str, context: str = "", *, field_manager: str = "millwright"
    ) -> None:
        self._client = Client(kubeconfig, context, manager=field_manager)
        self._scenes = Scenes(self._client)
        self._fleet = Fleet(self._client)

    # The port of jobs

    def ready(self) -> bool:
        """Whether the API server answers."""
        try:
            return "gitVersion" in self._client.get("/version")
        except (EngineUnavailable, EngineRefused):
            return False

    def start(self, order: JobOrder) -> JobSighting:
        """Make its Job; one that is there already is compared by our uid."""
        kinds = self._scenes.kinds(order.flavours)
        if unknown := [name for name in order.flavours if name not in kinds]:
            raise EngineRefused(f"The cluster has no flavour {unknown[0]!r}.")
        self._known(order.priority)
        namespace = names.namespace_of(order.tenant)
        self._refuse_if_elsewhere(order, namespace)
        thing = manifests.job(order, [kinds[name] for name in order.flavours])
        self._scenes.placed(order.name, namespace)
        try:
            made = self._client.send("POST", names.jobs_in(namespace), body=thing)
        except Answered as no:
            self._refuse_unless_ours(order, namespace, no)
            return self.look(order.name)
        return reading.sighting(reading.Scene(order.name, made))

    def look(self, name: str) -> JobSighting:
        """Its Job, its workload, its pods."""
        return reading.sighting(self._scenes.one(name))

    def look_all(self, wanted: Iterable[str]) -> tuple[JobSighting, ...]:
        """The same from a few lists."""
        return tuple(reading.sighting(scene) for scene in self._scenes.several(wanted))

    def stop(self, name: str) -> None:
        """Mark its Job, and tell Kueue to let it go: the Job stays, suspended."""
        namespace = self._scenes.place(name)
        job = self._scenes.job(name, namespace) if namespace else None
        if job is None or reading.verdict(job):
            return
        if reading.stopped_at(job) is None:
            at = names.now().isoformat(timespec="seconds")
            path = f"{names.jobs_in(namespace)}/{name}"
            self._client.patch(path, {"metadata": {"annotations": {names.STOPPED: at}}})
        give_up = time.monotonic() + TAKEN_WITHIN
        while not self._deactivated(job):
            if time.monotonic() > give_up:
                raise EngineUnavailable("The cluster has not taken the job into a queue yet.")
            time.sleep(0.1)

    def release(self, name: str, pods: Iterable[str]) -> None:
        """Let the pods go that are written down; those that never had a node go with them."""
        namespace, wanted = self._scenes.place(name), set(pods)
        if namespace:
            self._let_go(namespace, self._released(name, namespace, wanted))

    def forget(self, name: str) -> None:
        """Remove the Job and all of its pods; refused while it has not ended."""
        scene = self._scenes.one(name)
        seen = reading.sighting(scene)
        if scene.job is None and not scene.pods:
            return
        if not seen.ended and seen.phase is not JobPhase.ABSENT:
            raise EngineRefused("It has not ended: stop it first.")
        thing = scene.job or scene.pods[0]
        namespace = thing["metadata"]["namespace"]
        self._client.delete(f"{names.jobs_in(namespace)}/{name}")
        ended = scene.job and reading.verdict(scene.job)  # by itself: no pod follows
        left = list(scene.pods) if ended else self._scenes.pods(name, namespace)
        self._let_go(namespace, [pod["metadata"]["name"] for pod in left if pods.held_back(pod)])
        lost = [pod for pod in left if pods.is_lost(pod, scene.now)]
        for pod in lost or ([] if scene.job else left):
            path = f"{names.pods_in(namespace)}/{pod['metadata']['name']}"
            self._client.delete(path, grace=0 if pod in lost else None)
        self._scenes.forgotten(name)

    def prioritise(self, name: str, priority: str) -> None:
        """Change the label that Kueue reads its priority from."""
        wanted = self._known(priority)
        if namespace := self._scenes.place(name):
            path = f"{names.jobs_in(namespace)}/{name}"
            self._client.patch(path, {"metadata": {"labels": {names.PRIORITY: wanted}}})

    def present(self) -> dict[str, str]:
        """All attempts, from the names of Jobs and of pods that are still to be written down."""
        return self._scenes.present()

    def watch(self, stopped: Callable[[], bool]) -> Iterator[str]:
        """Names as their Jobs, workloads and pods move."""
        return Watch(self._client, self._scenes.placed).names(stopped)

    def follow(
        self, name: str, pod: str, after: LogMark, stopped: Callable[[], bool]
    ) -> Iterator[LogPieces]:
        """The log of its only container."""
        namespace = self._scenes.place(name)
        named = self._scenes.pod_name(name, namespace, pod) if namespace else None
        if not named:
            raise EngineRefused("There is no log of this pod.")
        yield from Log(self._client, namespace, named, after).pieces(stopped)

    # The port of hardware

    def version(self) -> str:
        """Of Kubernetes and Kueue."""
        return self._fleet.version()

    def nodes(self) -> tuple[NodeSighting, ...]:
        """All machines, with what our jobs hold of them."""
        return self._fleet.nodes()

    def drift(self, order: FleetOrder) -> tuple[Drift, ...]:
        """Field by field, of all that is ours."""
        return self._fleet.drift(order)

    def apply(self, order: FleetOrder) -> None:
        """By server-side apply; what we own is taken back from whoever changed it."""
        self._fleet.apply(order)

    # Inside

    def _known(self, priority: str) -> str:
        wanted = names.class_of(priority)
        if wanted not in self._scenes.priorities(wanted):
            raise EngineRefused(f"There is no priority {priority!r}.")
        return wanted

    def _refuse_if_elsewhere(self, order: JobOrder, namespace: str) -> None:
        known = self._scenes.known_place(order.name)
        if known and known != namespace:
            raise EngineRefused(f"The name {order.name} is taken by another order.")

    def _refuse_unless_ours(self, order: JobOrder, namespace: str, no: Answered) -> None:
        """The Job that stood in the way is the same order, or this raises."""
        if no.status == 404:
            raise EngineUnavailable(
                f"The cluster has no place for {order.tenant} yet: its quota is to be applied."
            ) from no
        if no.status != 409:
            raise no
        job = self._scenes.job(order.name, namespace)
        if job is None:
            raise EngineUnavailable("An older job of this name is just being removed.") from no
        if names.labels(job).get(names.UID) != order.uid:
            raise EngineRefused(f"The name {order.name} is taken by another order.") from no

    def _deactivated(self, job: dict) -> bool:
        """Whether its workload will not be admitted again, or needs not be."""
        workload = self._scenes.workload(job)
        if workload is None:
            meta = job["metadata"]
            fresh = self._scenes.job(meta["name"], meta["namespace"])
            return fresh is None or reading.verdict(fresh) is not None
        if workload["spec"].get("active") is False:
            return True
        meta = workload["metadata"]
        path = f"{names.workloads_in(meta['namespace'])}/{meta['name']}"
        return self._client.patch(path, {"spec": {"active": False}}) is not None

    def _released(self, name: str, namespace: str, wanted: set[str]) -> tuple[str, ...]:
        """Names of its pods that may go, as they were seen last; seen anew if that is not all."""
        over = self._scenes.over(name)
        if wanted - {pod.uid for pod in over}:
            over = pods.over(self._scenes.pods(name, namespace), names.now())
        return tuple(pod.name for pod in over if pod.uid in wanted or not pod.placed)

    def _let_go(self, namespace: str, held: Iterable[str]) -> None:
        """Take our finalizer from each: one small request, whatever else it holds."""
        paths = [f"{names.pods_in(namespace)}/{name}" for name in held]
        if not paths:
            return
        body = {"metadata": {"$deleteFromPrimitiveList/finalizers": [names.SEEN]}}
        with ThreadPoolExecutor(min(AT_ONCE, len(paths))) as threads:
            asked = threads.map(lambda path: self._client.patch(path, body, kind=STRATEGIC), paths)
            for _ in asked:
                pass
