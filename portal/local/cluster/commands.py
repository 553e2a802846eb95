"""The command lines of the control plane: everything on loopback, everything over TLS."""

from dataclasses import dataclass
from pathlib import Path

from portal.local.cluster.access import Credentials
from portal.local.ports import LOOPBACK, remembered

PORTS = (
    *("etcd", "etcd-peer", "apiserver", "controller-manager", "scheduler", "kwok"),
    *("kueue-webhook", "kueue-health", "kueue-visibility"),
)
SERVICES = "10.0.0.0/16"
PODS = "10.244.0.0/16"
RATE = ("--kube-api-qps=500", "--kube-api-burst=1000")
FAKE_NODE = "kwok.x-k8s.io/node=fake"


@dataclass(frozen=True)
class Layout:
    """Where a plane keeps its things and listens."""

    folder: Path
    ports: dict[str, int]
    credentials: Credentials

    @property
    def server(self) -> str:
        return f"https://{LOOPBACK}:{self.ports['apiserver']}"

    @property
    def etcd(self) -> str:
        return f"https://{LOOPBACK}:{self.ports['etcd']}"

    def kubeconfig(self, name: str) -> Path:
        return self.credentials.folder / f"{name}.kubeconfig"


def lay_out(folder: Path) -> Layout:
    """Ports that are free now (those of last time if they are), certificates, kubeconfigs."""
    ports = {name: remembered(folder, name) for name in PORTS}
    layout = Layout(folder, ports, Credentials(folder / "keys"))
    layout.credentials.write_kubeconfigs(layout.server)
    return layout


def etcd(layout: Layout, *, durable: bool) -> list[str]:
    """Client and peer certificates are demanded: the data would else be open to every user."""
    keys, peer = layout.credentials, f"https://{LOOPBACK}:{layout.ports['etcd-peer']}"
    return [
        "--name=millwright",
        f"--data-dir={layout.folder / 'etcd'}",
        f"--listen-client-urls={layout.etcd}",
        f"--advertise-client-urls={layout.etcd}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=millwright={peer}",
        *(
            f"--{side}{option}"
            for side in ("", "peer-")
            for option in (
                "client-cert-auth",
                f"trusted-ca-file={keys.authority.pair.certificate}",
                f"cert-file={keys.server.certificate}",
                f"key-file={keys.server.key}",
            )
        ),
        "--auto-compaction-retention=1h",
        "--quota-backend-bytes=4294967296",
        "--log-level=warn",
        *(() if durable else ("--unsafe-no-fsync",)),
    ]


def apiserver(layout: Layout, *, toleration_seconds: int) -> list[str]:
    """Loopback may not be an endpoint, so it does not announce itself as one."""
    keys = layout.credentials
    return [
        f"--etcd-servers={layout.etcd}",
        f"--etcd-cafile={keys.authority.pair.certificate}",
        *_pair("--etcd-certfile", "--etcd-keyfile", keys.etcd_client),
        f"--bind-address={LOOPBACK}",
        f"--advertise-address={LOOPBACK}",
        f"--secure-port={layout.ports['apiserver']}",
        "--endpoint-reconciler-type=none",
        f"--service-cluster-ip-range={SERVICES}",
        f"--client-ca-file={keys.authority.pair.certificate}",
        *_pair("--tls-cert-file", "--tls-private-key-file", keys.server),
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={keys.tokens.certificate}",
        f"--service-account-signing-key-file={keys.tokens.key}",
        "--authorization-mode=Node,RBAC",
        f"--requestheader-client-ca-file={keys.front_authority.pair.certificate}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        *_pair("--proxy-client-cert-file", "--proxy-client-key-file", keys.front_client),
        *_pair("--kubelet-client-certificate", "--kubelet-client-key", keys.kubelet_client),
        f"--kubelet-certificate-authority={keys.authority.pair.certificate}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--default-not-ready-toleration-seconds={toleration_seconds}",
        f"--default-unreachable-toleration-seconds={toleration_seconds}",
        "--anonymous-auth=false",
        "--profiling=false",
    ]


def controller_manager(layout: Layout, *, grace_seconds: int) -> list[str]:
    """Nodes without a heartbeat for `grace_seconds` are lost."""
    keys = layout.credentials
    return [
        *_identity(layout, "controller-manager"),
        *_pair("--tls-cert-file", "--tls-private-key-file", keys.server),
        f"--root-ca-file={keys.authority.pair.certificate}",
        f"--service-account-private-key-file={keys.tokens.key}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        f"--bind-address={LOOPBACK}",
        f"--secure-port={layout.ports['controller-manager']}",
        f"--node-monitor-grace-period={grace_seconds}s",
        f"--node-monitor-period={max(2, grace_seconds // 20)}s",
        "--concurrent-job-syncs=20",
        "--profiling=false",
        *RATE,
    ]


def scheduler(layout: Layout) -> list[str]:
    return [
        *_identity(layout, "scheduler"),
        *_pair("--tls-cert-file", "--tls-private-key-file", layout.credentials.server),
        "--leader-elect=false",
        f"--bind-address={LOOPBACK}",
        f"--secure-port={layout.ports['scheduler']}",
        "--profiling=false",
        *RATE,
    ]


def kwok(layout: Layout, *, stages: Path, lease_seconds: int) -> list[str]:
    """Pretends to be the kubelets of the nodes that carry its label, logs included."""
    port = layout.ports["kwok"]
    return [
        f"--kubeconfig={layout.kubeconfig('kwok')}",
        f"--config={stages}",
        "--enable-crds=Logs",
        "--manage-all-nodes=false",
        f"--manage-nodes-with-label-selector={FAKE_NODE}",
        f"--node-ip={LOOPBACK}",
        f"--node-port={port}",
        f"--server-address={LOOPBACK}:{port}",
        *_pair("--tls-cert-file", "--tls-private-key-file", layout.credentials.server),
        f"--cidr={PODS}",
        f"--node-lease-duration-seconds={lease_seconds}",
    ]


def kueue(layout: Layout, *, settings: Path) -> list[str]:
    """The file and not the environment: its visibility server knows only the flag."""
    return [
        f"--config={settings}",
        f"--kubeconfig={layout.kubeconfig('kueue')}",
        "--zap-log-level=info",
    ]


def _identity(layout: Layout, name: str) -> list[str]:
    options = ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")
    return [f"--{option}={layout.kubeconfig(name)}" for option in options]


def _pair(certificate_option: str, key_option: str, pair) -> list[str]:
    return [f"{certificate_option}={pair.certificate}", f"{key_option}={pair.key}"]
