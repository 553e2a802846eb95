"""The plane is a real Kubernetes: versions, rights, everything on loopback."""

import ssl
import urllib.error
import urllib.request

import pytest

from portal.local.cluster.api import Api, ApiError
from portal.local.cluster.plane import PARTS


def test_it_calls_itself_by_the_pinned_version(own_plane):
    said = own_plane.api.get("/version")
    assert said["gitVersion"] == own_plane.programs.versions["kubernetes"]


def test_every_part_is_well_and_runs_once(own_plane):
    assert set(own_plane.parts) == set(PARTS)
    assert all(
        child.running and own_plane.readiness.of(name) for name, child in own_plane.parts.items()
    )


def test_nobody_without_rights_may_read(own_plane):
    stranger = Api(own_plane.kubeconfig_for("stranger", "retail"))
    with pytest.raises(ApiError) as refused:
        stranger.get("/api/v1/namespaces/default/pods")
    assert refused.value.status == 403
    assert 'User "stranger"' in str(refused.value)


def test_nobody_without_a_certificate_is_let_in(own_plane):
    trusting = ssl.create_default_context(
        cafile=own_plane.layout.credentials.authority.pair.certificate
    )
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{own_plane.layout.server}/version", context=trusting)
    with pytest.raises((urllib.error.URLError, OSError)):
        urllib.request.urlopen(f"{own_plane.layout.etcd}/version", context=trusting)


def test_keys_can_be_read_by_their_owner_alone(own_plane):
    keys = own_plane.layout.credentials.folder
    assert not [file for file in keys.rglob("*") if file.is_file() and file.stat().st_mode & 0o077]


def test_queues_tell_positions(control_plane):
    told = control_plane.api.get("/apis/visibility.kueue.x-k8s.io/v1beta2")["resources"]
    assert {"localqueues/pendingworkloads", "clusterqueues/pendingworkloads"} <= {
        resource["name"] for resource in told
    }
