"""Short ways to look at pods and jobs, and the engine with a place to work in."""

import pytest
import yaml

from compute.engines.kueue import Kueue
from portal.local.plan import CHECKOUT
from tests.cluster.job_stand import Stand

PORTAL = "system:serviceaccount:millwright:portal"


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


@pytest.fixture(scope="session")
def portal_account(control_plane):
    """A kubeconfig of the portal's own account, with the rights and policies that are shipped.

    A cluster that is not ours is used with the rights that were given for it.
    """
    if control_plane.plane is None:
        return control_plane.kubeconfig
    control_plane.api.apply_all(shipped("portal-rbac.yaml")[:1])
    control_plane.api.apply_all(shipped("portal-rbac.yaml")[1:])
    control_plane.api.apply_all(shipped("portal-policy.yaml"))
    groups = ("system:serviceaccounts", "system:serviceaccounts:millwright")
    return control_plane.plane.kubeconfig_for(PORTAL, *groups)


@pytest.fixture
def stand(control_plane, pretended_nodes, portal_account):
    """An engine on the plane; afterwards nothing of what it ordered is left."""
    stand = Stand(Kueue(str(portal_account)))
    yield stand
    stand.clear()


def shipped(file: str) -> list[dict]:
    """What an administrator applies."""
    return list(yaml.safe_load_all((CHECKOUT / "deploy" / "kubernetes" / file).read_text()))
