"""Kueue's own manifests, bent for a Kueue outside the cluster: addresses instead of services."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path

import yaml

from portal.local.cluster.access import base64_of
from portal.local.cluster.commands import Layout
from portal.local.ports import LOOPBACK

NAMESPACE = "kueue-system"
PREFIX = "kueue-"
CONFIG = "config/components"
GROUPS = {"batch", "kueue.x-k8s.io"}
CONVERTED = ("clusterqueues", "cohorts", "localqueues", "multikueueclusters", "workloads")
SPARED = {
    "matchExpressions": [
        {
            "key": "kubernetes.io/metadata.name",
            "operator": "NotIn",
            "values": ["kube-system", NAMESPACE],
        }
    ]
}
VISIBILITY = "kueue-visibility-server"


class KueueManifests:
    """What the API server is told about Kueue, for one layout of ports and keys."""

    def __init__(self, files: dict[str, list[dict]], layout: Layout):
        self.files = files
        self.ports = layout.ports
        self.keys = layout.credentials
        self.webhooks = f"https://{LOOPBACK}:{self.ports['kueue-webhook']}"
        self.authority = base64_of(self.keys.kueue_authority.pair.certificate_text)

    def definitions(self) -> list[dict]:
        """The custom resources, converted by the webhook where the module wants that."""
        return [self._with_conversion(thing) for thing in self._from("crd/bases")]

    def rights(self) -> list[dict]:
        """Its account with exactly the rights its authors give it, and its own secret."""
        bindings = [thing for thing in self._from("visibility") if thing["kind"] == "RoleBinding"]
        return [*self._renamed([*self._from("rbac"), *bindings]), self._secret()]

    def hooks(self) -> list[dict]:
        """The admission webhooks of jobs and of Kueue's own kinds; other kinds do not exist."""
        hooks = (thing for thing in self._from("webhook") if "webhooks" in thing)
        return [self._with_address(thing) for thing in hooks]

    def visibility(self) -> list[dict]:
        """The aggregated API that tells positions in queues; a name leads it to loopback."""
        port = self.ports["kueue-visibility"]
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": VISIBILITY, "namespace": NAMESPACE},
            "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [_port(port)]},
        }
        apis = [thing for thing in self._from("visibility") if thing["kind"] == "APIService"]
        for thing in apis:
            thing["spec"].pop("insecureSkipTLSVerify", None)
            thing["spec"] |= {
                "caBundle": base64_of(self.keys.authority.pair.certificate_text),
                "service": {"name": VISIBILITY, "namespace": NAMESPACE, "port": port},
            }
        return [service, *apis]

    def _from(self, folder: str) -> Iterator[dict]:
        for path, things in self.files.items():
            if path.startswith(f"{CONFIG}/{folder}/"):
                yield from (
                    copy.deepcopy(thing)
                    for thing in things
                    if "kustom" not in path and "Transformer" not in thing.get("kind", "")
                )

    def _renamed(self, things) -> list[dict]:
        """Prefix and namespace, also where one thing names another."""
        things = list(things)
        known = {thing["metadata"]["name"] for thing in self._from("rbac")}
        for thing in things:
            meta = thing["metadata"]
            meta["name"] = PREFIX + meta["name"]
            if meta.get("namespace") == "system":
                meta["namespace"] = NAMESPACE
            if thing.get("roleRef", {}).get("name") in known:
                thing["roleRef"]["name"] = PREFIX + thing["roleRef"]["name"]
            for subject in thing.get("subjects", ()):
                subject |= {"name": PREFIX + subject["name"], "namespace": NAMESPACE}
            for rule in thing.get("rules", ()):
                _prefix_hooks(rule)
        return things

    def _with_conversion(self, thing: dict) -> dict:
        if thing["spec"]["names"]["plural"] in CONVERTED:
            thing["spec"]["conversion"] = {
                "strategy": "Webhook",
                "webhook": {
                    "clientConfig": {
                        "url": f"{self.webhooks}/convert",
                        "caBundle": self.authority,
                    },
                    "conversionReviewVersions": ["v1"],
                },
            }
        return thing

    def _with_address(self, thing: dict) -> dict:
        thing["metadata"]["name"] = PREFIX + thing["metadata"]["name"]
        thing["webhooks"] = [hook for hook in thing["webhooks"] if _groups(hook) <= GROUPS]
        for hook in thing["webhooks"]:
            path = hook["clientConfig"]["service"]["path"]
            hook["clientConfig"] = self._client(path)
            if "batch" in _groups(hook):
                hook["namespaceSelector"] = SPARED
        return thing

    def _client(self, path: str) -> dict:
        return {"url": self.webhooks + path, "caBundle": self.authority}

    def _secret(self) -> dict:
        """Kueue takes the certificates from here as long as they are good."""
        pairs = {"ca": self.keys.kueue_authority.pair, "tls": self.keys.webhook}
        data = {f"{name}.crt": base64_of(pair.certificate_text) for name, pair in pairs.items()}
        data |= {f"{name}.key": base64_of(pair.key_text) for name, pair in pairs.items()}
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": f"{PREFIX}webhook-server-cert", "namespace": NAMESPACE},
            "data": data,
        }


def namespace() -> dict:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}


def settings(given: Path, layout: Layout, certificates: Path) -> str:
    """The committed settings with this plane's addresses; JSON, which is YAML too."""
    content = yaml.safe_load(given.read_text())
    ports = layout.ports
    content["health"] = {"healthProbeBindAddress": f"{LOOPBACK}:{ports['kueue-health']}"}
    content["metrics"] = {"bindAddress": "0"}
    content["internalCertManagement"] = {"enable": True}
    content["webhook"] = {
        "host": LOOPBACK,
        "port": ports["kueue-webhook"],
        "certDir": str(certificates),
    }
    content["visibilityServer"] = {"bindAddress": LOOPBACK, "bindPort": ports["kueue-visibility"]}
    return json.dumps(content, indent=2)


def _groups(hook: dict) -> set[str]:
    return {group for rule in hook["rules"] for group in rule["apiGroups"]}


def _prefix_hooks(rule: dict) -> None:
    if "resourceNames" in rule:
        rule["resourceNames"] = [
            PREFIX + name if name.endswith("webhook-configuration") else name
            for name in rule["resourceNames"]
        ]


def _port(port: int) -> dict:
    return {"name": "https", "port": port, "protocol": "TCP"}
