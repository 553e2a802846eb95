"""Who may speak to the control plane: a kubeconfig for each component and user."""

import base64
from pathlib import Path

from portal.local.cluster.pki import Authority, Pair, signing_pair
from portal.local.folder import write_json
from portal.local.ports import LOOPBACK

SERVER_HOSTS = (
    *("localhost", LOOPBACK, "10.0.0.1"),
    *("kubernetes", "kubernetes.default", "kubernetes.default.svc"),
    "kueue-visibility-server.kueue-system.svc",
)
WEBHOOK_HOSTS = ("kueue-webhook-service.kueue-system.svc", "localhost", LOOPBACK)
KUEUE = "system:serviceaccount:kueue-system:kueue-controller-manager"
COMPONENTS = {
    "admin": ("millwright-admin", "system:masters"),
    "controller-manager": ("system:kube-controller-manager",),
    "scheduler": ("system:kube-scheduler",),
    "kwok": ("millwright-nodes", "system:masters"),
    "kueue": (KUEUE, "system:serviceaccounts", "system:serviceaccounts:kueue-system"),
}


class Credentials:
    """All keys and certificates of one plane, in `folder`; nobody else can read them."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.authority = Authority(folder, "millwright-ca")
        self.front_authority = Authority(folder, "millwright-front-ca")
        self.kueue_authority = Authority(folder / "kueue", "kueue-ca", rsa_keys=True)
        self.tokens = signing_pair(folder)
        self.server = self.authority.issue("server", "kube-apiserver", hosts=SERVER_HOSTS)
        self.etcd_client = self.authority.issue("etcd-client", "kube-apiserver")
        self.kubelet_client = self.authority.issue(
            "kubelet-client", "kube-apiserver-kubelet-client", "system:masters"
        )
        self.front_client = self.front_authority.issue("front-client", "front-proxy-client")
        self.webhook = self.kueue_authority.issue("tls", WEBHOOK_HOSTS[0], hosts=WEBHOOK_HOSTS)

    def write_kubeconfigs(self, server: str) -> None:
        """One for each component; `admin` may do everything."""
        for name, (user, *groups) in COMPONENTS.items():
            self.kubeconfig_for(server, user, *groups, file=name)

    def kubeconfig_for(self, server: str, user: str, *groups: str, file: str) -> Path:
        """A file `kubectl` and every client library understand; it needs no other file."""
        pair = self.authority.issue(f"user-{file}", user, *groups)
        path = self.folder / f"{file}.kubeconfig"
        write_json(path, _kubeconfig(server, self.authority.pair, user, pair))
        return path


def _kubeconfig(server: str, authority: Pair, user: str, pair: Pair) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "millwright",
        "contexts": [{"name": "millwright", "context": {"cluster": "millwright", "user": user}}],
        "clusters": [
            {
                "name": "millwright",
                "cluster": {
                    "server": server,
                    "certificate-authority-data": base64_of(authority.certificate_text),
                },
            }
        ],
        "users": [
            {
                "name": user,
                "user": {
                    "client-certificate-data": base64_of(pair.certificate_text),
                    "client-key-data": base64_of(pair.key_text),
                },
            }
        ],
    }


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
