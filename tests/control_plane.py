"""A plugin: one real control plane for the tests of a run that ask for it, and for those alone."""

import os
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal.local.cluster import cache
from portal.local.cluster.api import Api, ApiError
from portal.local.cluster.build import build
from portal.local.cluster.inventory import read_inventory
from portal.local.cluster.nodes import OURS, bring_nodes, listed
from portal.local.cluster.plane import ControlPlane
from portal.local.cluster.pod_logs import PodLog
from portal.local.console import Console


@dataclass(frozen=True)
class Cluster:
    """What tests see: `plane` is None where KUBECONFIG names a cluster that is not ours."""

    kubeconfig: Path
    api: Api
    plane: ControlPlane | None

    def pod_log(self, namespace: str, pod: str) -> PodLog:
        """Something to write lines with that the pod then has printed; it is given from now on."""
        log = PodLog(self.api, self.plane.folder, namespace, pod)
        give_up = time.monotonic() + 10
        while time.monotonic() < give_up:
            try:
                self.api.get(f"/api/v1/namespaces/{namespace}/pods/{pod}/log")
                break
            except ApiError:
                time.sleep(0.05)
        return log


@pytest.fixture(scope="session")
def control_plane() -> Iterator[Cluster]:
    """A whole Kubernetes with Kueue and the ten nodes of the inventory `small`.

    Built first in CI; elsewhere the test is skipped where nothing is built.
    """
    if named := os.environ.get("KUBECONFIG", "").strip():
        yield Cluster(Path(named), Api(Path(named)), None)
        return
    programs = cache.built()
    if programs is None and not _in_ci():
        pytest.skip("there is no built control plane: `make cluster` builds one in 10-20 minutes")
    console = Console(sys.stderr)
    folder = Path(tempfile.mkdtemp(prefix="millwright-plane-"))
    plane = ControlPlane(folder, programs or build(console), durable=False, grace_seconds=20)
    try:
        plane.start(console)
        bring_nodes(plane.api, read_inventory("small"))
        yield Cluster(plane.kubeconfig, plane.api, plane)
    finally:
        plane.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def own_plane(control_plane) -> ControlPlane:
    """The plane itself, for tests that end its programs."""
    if control_plane.plane is None:
        pytest.skip("KUBECONFIG names a cluster whose programs are not ours to end")
    return control_plane.plane


@pytest.fixture
def pretended_nodes(control_plane) -> list[dict]:
    """The nodes that kwok plays; a given cluster may have none."""
    nodes = listed(control_plane.api, labelSelector=OURS)
    if not nodes:
        pytest.skip("the cluster that KUBECONFIG names has no pretended nodes")
    return nodes


@pytest.fixture
def namespace(control_plane) -> Iterator[str]:
    """An empty namespace; gone, with all that is in it, after the test."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    control_plane.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    control_plane.api.request("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture
def eventually() -> Callable[..., object]:
    """Wait until a check is true and return what it gave; a refused or broken call is not yet."""

    def wait(check: Callable[[], object], *, within: float = 30.0) -> object:
        give_up, last = time.monotonic() + within, None
        while True:
            try:
                if last := check():
                    return last
            except (ApiError, OSError) as problem:
                last = problem
            assert time.monotonic() < give_up, f"not within {within:.0f} s, at last: {last!r}"
            time.sleep(0.05)

    return wait


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() not in ("", "0", "false")
