"""Says which attempts move: one watch for each kind, of their marks alone."""

import json
import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from compute.engines import kueue_names as names
from compute.engines.jobs import EngineRefused, EngineUnavailable
from compute.engines.kueue_client import Client, Expired, Lines
from compute.engines.kueue_evictions import owner_of

MARKS = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
WINDOW = 45  # seconds after which the API server ends a watch, and we take it up again
SILENT = 10.0  # seconds behind it until a line that says nothing is taken for dead
HEARTBEAT = 2.0
TRIES = 4


@dataclass(frozen=True)
class Watched:
    """A kind whose changes say that an attempt moves."""

    path: str
    selector: str
    name_of: Callable[[dict], str]


def _attempt(thing: dict) -> str:
    return names.labels(thing).get(names.ATTEMPT, "")


KINDS = (
    Watched(f"{names.BATCH}/jobs", names.ATTEMPT, _attempt),
    Watched(f"{names.CORE}/pods", names.ATTEMPT, _attempt),
    Watched(f"{names.KUEUE}/workloads", names.JOB_UID, owner_of),
)


class Watch:
    """All kinds together, until `close`; each in a thread that takes its line up again.

    `placed` is told the namespace of each name that moved.
    """

    def __init__(self, client: Client, placed: Callable[[str, str], object]) -> None:
        self._client, self._placed = client, placed
        self._moves: queue.Queue = queue.Queue()
        self._closed = threading.Event()
        self._open: dict[str, Lines] = {}
        self._versions: dict[str, str] = {}

    def names(self, stopped: Callable[[], bool]) -> Iterator[str]:
        """Names as they move, "" where nothing does; EngineUnavailable when a line is lost."""
        versions = [self._listed(kind) for kind in KINDS]
        for started in zip(KINDS, versions, strict=True):
            threading.Thread(target=self._keep, args=started, daemon=True).start()
        try:
            yield ""
            heard = time.monotonic()
            while not stopped():
                moved = self._taken()
                yield from moved
                if moved or time.monotonic() - heard >= HEARTBEAT:
                    heard = time.monotonic()
                    yield ""
        finally:
            self.close()

    def close(self) -> None:
        """End all lines."""
        self._closed.set()
        for stream in list(self._open.values()):
            stream.close()

    def _taken(self) -> dict[str, None]:
        """What moved, each name once, in its order."""
        found: dict[str, None] = {}
        try:
            what = self._moves.get(timeout=0.5)
            while True:
                if isinstance(what, Exception):
                    raise what
                found[what] = None
                what = self._moves.get_nowait()
        except queue.Empty:
            return found

    def _keep(self, kind: Watched, version: str) -> None:
        """One kind: from the version of a list, over and over, until it cannot be had."""
        self._versions[kind.path], failed = version, 0
        while not self._closed.is_set():
            try:
                self._follow(kind)
                failed = 0
            except Expired:
                self._versions[kind.path] = ""
            except EngineRefused as no:
                self._moves.put(EngineUnavailable(str(no)))
                return
            except EngineUnavailable as broken:
                failed += 1
                if failed >= TRIES:
                    self._moves.put(broken)
                    return
                self._closed.wait(random.uniform(0.2, 0.5) * 2**failed)  # noqa: S311

    def _listed(self, kind: Watched) -> str:
        page = self._client.get(kind.path, labelSelector=kind.selector, limit=1)
        return page["metadata"]["resourceVersion"]

    def _again(self, kind: Watched) -> None:
        """After a gap nobody knows what moved: say all, behind a version that was there before."""
        version = self._listed(kind)
        for thing in self._client.every(kind.path, labelSelector=kind.selector):
            self._said(kind, thing)
        self._versions[kind.path] = version

    def _follow(self, kind: Watched) -> None:
        """Until the server ends the line; how far it was heard is kept, however it ends."""
        if not self._versions[kind.path]:
            self._again(kind)
        stream = self._client.lines(
            kind.path,
            idle=WINDOW + SILENT,
            accept=MARKS,
            watch="true",
            allowWatchBookmarks="true",
            timeoutSeconds=WINDOW,
            labelSelector=kind.selector,
            resourceVersion=self._versions[kind.path],
        )
        self._open[kind.path] = stream
        if self._closed.is_set():
            stream.close()
        for line in stream:
            self._versions[kind.path] = self._heard(kind, line) or self._versions[kind.path]

    def _heard(self, kind: Watched, line: bytes) -> str:
        try:
            event = json.loads(line)
            thing = event["object"]
        except (ValueError, KeyError, TypeError) as wrong:
            raise EngineUnavailable("The cluster sent half of a line.") from wrong
        if event["type"] == "ERROR":
            status = int(thing.get("code") or 500)
            if status != 410:
                raise EngineUnavailable(str(thing.get("message") or "The watch broke."))
            raise Expired(str(thing.get("message") or ""))
        if event["type"] != "BOOKMARK":
            self._said(kind, thing)
        return thing["metadata"].get("resourceVersion") or ""

    def _said(self, kind: Watched, thing: dict) -> None:
        if name := kind.name_of(thing):
            self._placed(name, thing["metadata"]["namespace"])
            self._moves.put(name)
