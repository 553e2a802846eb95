"""Short ways to look at pods and jobs, and the engine with a place to work in."""

import pytest

from compute.engines.kueue import Kueue
from tests.cluster.job_stand import Stand


@pytest.fixture
def look(control_plane, namespace):
    """The present state of a pod or job of the test's namespace."""
    places = {"pod": "/api/v1", "job": "/apis/batch/v1"}

    def see(kind: str, name: str) -> dict:
        path = f"{places[kind]}/namespaces/{namespace}/{kind}s/{name}"
        return control_plane.api.get(path)

    return see


@pytest.fixture
def phase(look):
    """The phase of a pod."""
    return lambda name: look("pod", name)["status"].get("phase")


@pytest.fixture
def stand(control_plane, pretended_nodes):
    """An engine on the plane; afterwards nothing of what it ordered is left."""
    stand = Stand(Kueue(str(control_plane.kubeconfig)))
    yield stand
    stand.clear()
