"""A witness: every pod of the jobs as the API server told it, seen without the portal."""

import json
import ssl
import threading
import time
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException

from django.utils import timezone

from portal.local.cluster.api import Api

LABEL = "kueue.x-k8s.io/queue-name"


@dataclass(frozen=True)
class Stretch:
    """What a pod's own timestamps say: when its container began and when it had ended.

    `told` are all spans that were ever told of it, in seconds: a pretended kubelet whose answer
    was lost writes the end down once more, with another time.
    """

    job: str
    began: datetime | None
    ended: datetime | None
    told: frozenset[float] = frozenset()


class Witness:
    """Watches all pods of our namespaces from before the first job on; restarts with a list."""

    def __init__(self, api: Api, label: str):
        self.api, self.label = api, label
        self.seen: dict[str, Stretch] = {}
        self.heard: dict[str, datetime] = {}
        self.created: dict[str, set[str]] = {}
        self.stopping = threading.Event()
        self.threads = [
            threading.Thread(target=self._keep, args=(path, note), daemon=True)
            for path, note in (
                ("/api/v1/pods", self._pod),
                ("/apis/batch/v1/jobs", self._job),
            )
        ]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        self.stopping.set()

    def doubled(self) -> dict[str, set[str]]:
        """Names of Jobs under which more than one was ever made."""
        return {name: uids for name, uids in self.created.items() if len(uids) > 1}

    def first_ran(self) -> list[tuple[Stretch, datetime]]:
        """Each pod that ran, with the moment at which the API server told so."""
        return [(self.seen[uid], at) for uid, at in self.heard.items()]

    def _keep(self, path: str, note) -> None:
        while not self.stopping.is_set():
            try:
                self._watch(path, note)
            except (OSError, HTTPException, ValueError, KeyError):
                time.sleep(0.3)

    def _watch(self, path: str, note) -> None:
        listed = self.api.get(path, labelSelector=self.label)
        for thing in listed["items"]:
            note(thing)
        query = f"watch=1&timeoutSeconds=120&labelSelector={self.label}"
        url = f"{self.api.address.geturl()}{path}?{query}"
        url += f"&resourceVersion={listed['metadata']['resourceVersion']}"
        context: ssl.SSLContext = self.api.context
        with urllib.request.urlopen(url, context=context, timeout=130) as lines:  # noqa: S310
            for line in lines:
                event = json.loads(line)
                if event["type"] == "ERROR" or self.stopping.is_set():
                    return
                note(event["object"])

    def _job(self, job: dict) -> None:
        meta = job["metadata"]
        self.created.setdefault(meta["name"], set()).add(meta["uid"])

    def _pod(self, pod: dict) -> None:
        state = next((one["state"] for one in pod["status"].get("containerStatuses", ())), {})
        ended = state.get("terminated", {})
        began = (ended or state.get("running", {})).get("startedAt")
        before = self.seen.get(pod["metadata"]["uid"])
        first = _moment(began) or (before and before.began)
        last = _moment(ended.get("finishedAt")) or (before and before.ended)
        told = before.told if before else frozenset()
        if first and last:
            told |= {(last - first).total_seconds()}
        stretch = Stretch(pod["metadata"]["labels"].get("job-name", ""), first, last, told)
        self.seen[pod["metadata"]["uid"]] = stretch
        if stretch.began:
            self.heard.setdefault(pod["metadata"]["uid"], timezone.now())


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None
