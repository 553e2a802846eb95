"""What the portal may do, and what may run for tenants: as the shipped files say, no more."""

import copy
import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from compute.engines import kueue_manifests as manifests
from portal.local.cluster.api import MERGE, Api, ApiError
from tests.cluster.conftest import shipped
from tests.cluster.job_stand import queue

VERBS = (
    *("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"),
    *("bind", "escalate", "impersonate", "*"),
)
OTHERS = (
    *(("", name) for name in ("secrets", "configmaps", "pods/exec", "pods/attach", "users")),
    *(("", name) for name in ("pods/portforward", "pods/eviction", "nodes/proxy", "*", "groups")),
    *(("", name) for name in ("serviceaccounts/token", "persistentvolumes", "services")),
    *(("", name) for name in ("pods/ephemeralcontainers", "pods/status", "nodes/status")),
    *(("rbac.authorization.k8s.io", f"{kind}{rest}") for kind in ("role", "clusterrole")
      for rest in ("s", "bindings")),
    *(("apps", name) for name in ("deployments", "daemonsets", "statefulsets")),
    ("apiextensions.k8s.io", "customresourcedefinitions"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicies"),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
    ("certificates.k8s.io", "certificatesigningrequests"),
    ("batch", "cronjobs"), ("batch", "jobs/status"),
    ("kueue.x-k8s.io", "workloads/status"), ("*", "*"),
)  # fmt: skip


@pytest.fixture
def portal(own_plane, portal_account):
    return Api(portal_account)


def granted() -> set[tuple]:
    role = next(one for one in shipped("portal-rbac.yaml") if one["kind"] == "ClusterRole")
    return {
        triple
        for rule in role["rules"]
        for triple in itertools.product(rule["apiGroups"], rule["resources"], rule["verbs"])
    }


def test_the_rights_of_the_portal_are_those_of_the_file(portal):
    resources = {(group, name) for group, name, _ in granted()} | set(OTHERS)

    def allowed(asked):
        (group, resource), verb, namespace = asked
        name, _, sub = resource.partition("/")
        wanted = {"group": group, "resource": name, "subresource": sub, "verb": verb}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": wanted | {"namespace": namespace}},
        }
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        return portal.request("POST", path, body)["status"]["allowed"]

    asked = list(itertools.product(sorted(resources), VERBS, ("kube-system", "")))
    with ThreadPoolExecutor(8) as threads:
        answers = dict(zip(asked, threads.map(allowed, asked), strict=True))
    assert len(answers) > 1000
    found = {(*resource, verb) for (resource, verb, _), yes in answers.items() if yes}
    assert found == granted()


def test_no_right_is_a_wildcard_or_leads_to_more():
    for group, resource, verb in granted():
        assert "*" not in (group, resource, verb)
        assert verb not in ("bind", "escalate", "impersonate", "update", "deletecollection")
        assert resource not in ("secrets", "pods/exec", "roles", "clusterroles")


@pytest.mark.parametrize("where", ["default", "kube-system"])
def test_the_portal_changes_nothing_outside_its_tenants(stand, portal, control_plane, where):
    job = manifests.job(stand.order("intruder"), [manifests.Kind("h100-80g", "H100")])
    job["metadata"]["namespace"] = where
    for refused in (
        lambda: portal.create(job),
        lambda: portal.request("PATCH", f"/api/v1/namespaces/{where}", OPENED, kind=MERGE),
        lambda: portal.request("DELETE", f"/api/v1/namespaces/{where}/serviceaccounts/default"),
    ):
        with pytest.raises(ApiError, match="nothing outside the namespaces of its tenants"):
            refused()


OPENED = {"metadata": {"labels": {"millwright.job/tenant": "mine"}}}


@pytest.fixture
def admitted(stand, control_plane, eventually):
    """Whether a pod like that of a job, changed in one way, would be let in; nothing is made."""
    stand.share(queue("vision", h100_80g=(8,)))
    kinds = [manifests.Kind("h100-80g", "NVIDIA-H100-80GB-HBM3")]
    job = manifests.job(stand.order("model", region="eu-central"), kinds)
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "x", "uid": "x", "controller": True}
    meta = job["spec"]["template"]["metadata"] | {"name": "x", "ownerReferences": [owner]}
    meta["namespace"] = job["metadata"]["namespace"]
    path = f"/api/v1/namespaces/{meta['namespace']}/pods?dryRun=All"

    def try_it(change=lambda pod: None) -> str:
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": meta}
        pod = copy.deepcopy(pod | {"spec": job["spec"]["template"]["spec"]})
        change(pod)
        try:
            control_plane.api.request("POST", path, pod)
        except ApiError as refused:
            return str(refused)
        return ""

    eventually(lambda: "Only jobs" in try_it(lambda pod: pod["metadata"].pop("labels")))
    return try_it


def put(path: str, value):
    """A change: something set deep inside a pod."""

    def change(pod):
        *way, last = path.split(".")
        for step in way:
            pod = pod[int(step)] if step.isdigit() else pod.setdefault(step, {})
        pod[last] = value

    return change


BOX = "spec.containers.0.securityContext"
ROOT = {"name": "v", "hostPath": {"path": "/"}}
TERM = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"
CARD = {"key": "nvidia.com/gpu.product", "operator": "Exists"}
ELSEWHERE = {"key": "topology.kubernetes.io/region", "operator": "In", "values": ["eu-west"]}
NOT_HERE = {"key": "topology.kubernetes.io/region", "operator": "NotIn", "values": ["eu-central"]}
HOSTILE = {
    "privileged": put(f"{BOX}.privileged", True),
    "escalation": put(f"{BOX}.allowPrivilegeEscalation", True),
    "capabilities kept": put(f"{BOX}.capabilities", {}),
    "capability added": put(f"{BOX}.capabilities.add", ["SYS_ADMIN"]),
    "net admin": put(f"{BOX}.capabilities.add", ["NET_ADMIN"]),
    "unmasked proc": put(f"{BOX}.procMount", "Unmasked"),
    "box as root": put(f"{BOX}.runAsUser", 0),
    "box not non-root": put(f"{BOX}.runAsNonRoot", False),
    "box unconfined": put(f"{BOX}.seccompProfile", {"type": "Unconfined"}),
    "box apparmor": put(f"{BOX}.appArmorProfile", {"type": "Unconfined"}),
    "box selinux": put(f"{BOX}.seLinuxOptions", {"type": "spc_t"}),
    "as root": put("spec.securityContext.runAsUser", 0),
    "may be root": put("spec.securityContext.runAsNonRoot", False),
    "unconfined": put("spec.securityContext.seccompProfile", {"type": "Unconfined"}),
    "sysctl": put("spec.securityContext.sysctls", [{"name": "kernel.msgmax", "value": "1"}]),
    "host network": put("spec.hostNetwork", True),
    "host pid": put("spec.hostPID", True),
    "host ipc": put("spec.hostIPC", True),
    "host port": put("spec.containers.0.ports", [{"containerPort": 80, "hostPort": 80}]),
    "host path": put("spec.volumes", [ROOT]),
    "nfs": put("spec.volumes", [{"name": "v", "nfs": {"server": "x", "path": "/"}}]),
    "iscsi": put(
        "spec.volumes",
        [{"name": "v", "iscsi": {"targetPortal": "x", "iqn": "iqn.2001-04.x:y", "lun": 0}}],
    ),
    "secret": put("spec.volumes", [{"name": "v", "secret": {"secretName": "x"}}]),
    "driver": put("spec.volumes", [{"name": "v", "csi": {"driver": "x"}}]),
    "token": put("spec.automountServiceAccountToken", True),
    "projected token": put(
        "spec.volumes",
        [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}],
    ),
    "other account": put("spec.serviceAccountName", "default"),
    "named node": put("spec.nodeName", "h100-80g-0000"),
    "other scheduler": put("spec.schedulerName", "mine"),
    "system priority": put("spec.priorityClassName", "system-node-critical"),
    "own runtime": put("spec.runtimeClassName", "kata"),
    "tolerates all": put("spec.tolerations", [{"operator": "Exists"}]),
    "no hardware named": put("spec.affinity", {}),
    "other region": put(f"{TERM}.nodeSelectorTerms", [{"matchExpressions": [CARD, ELSEWHERE]}]),
    "not the region": put(f"{TERM}.nodeSelectorTerms", [{"matchExpressions": [CARD, NOT_HERE]}]),
    "no region": put(f"{TERM}.nodeSelectorTerms", [{"matchExpressions": [CARD]}]),
    "a way round the region": put(
        f"{TERM}.nodeSelectorTerms",
        [{"matchExpressions": [CARD, ELSEWHERE | {"values": ["eu-central"]}]},
         {"matchExpressions": [CARD]}],
    ),
    "two regions": put(
        f"{TERM}.nodeSelectorTerms",
        [{"matchExpressions": [CARD, ELSEWHERE | {"values": ["eu-central", "eu-west"]}]}],
    ),
    "no labels": lambda pod: pod["metadata"].pop("labels"),
    "other tenant": lambda pod: pod["metadata"]["labels"].update({"millwright.job/tenant": "x"}),
    "no owner": lambda pod: pod["metadata"].pop("ownerReferences"),
    "other owner": lambda pod: pod["metadata"]["ownerReferences"][0].update(
        {"kind": "DaemonSet", "apiVersion": "apps/v1"}
    ),
    "init box as root": put(
        "spec.initContainers", [{"name": "i", "image": "x", "securityContext": {"runAsUser": 0}}]
    ),
    "init box plain": put("spec.initContainers", [{"name": "i", "image": "x"}]),
    "windows host": put("spec.securityContext.windowsOptions", {"hostProcess": True}),
}  # fmt: skip


def test_the_pod_of_a_job_is_let_in_and_no_hostile_one(admitted):
    assert admitted() == ""
    let_in = [name for name, change in HOSTILE.items() if not admitted(change)]
    assert let_in == []


def test_every_tenant_is_walled_in(stand, control_plane):
    stand.share(queue("vision", h100_80g=(8,)))
    home = f"millwright-{stand.tenant('vision')}"
    path = f"/apis/networking.k8s.io/v1/namespaces/{home}/networkpolicies"
    walls = {one["metadata"]["name"]: one["spec"] for one in control_plane.api.get(path)["items"]}
    assert walls["nothing"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    ports = {(p["protocol"], p["port"]) for p in walls["names"]["egress"][0]["ports"]}
    assert ports == {("UDP", 53), ("TCP", 53)}
    reach = [*walls["together"]["ingress"][0]["from"], *walls["together"]["egress"][0]["to"]]
    assert reach == [{"podSelector": {}}] * 2
    account = control_plane.api.get(f"/api/v1/namespaces/{home}/serviceaccounts/jobs")
    assert account["automountServiceAccountToken"] is False
    assert not control_plane.api.get(f"/api/v1/namespaces/{home}/secrets")["items"]
