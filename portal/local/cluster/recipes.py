"""What the control plane is built from: pinned Go modules, and the version stamped into each."""

import hashlib
import json
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from portal.local.errors import LocalError

SOURCES = Path(__file__).resolve().parents[3] / "deploy" / "cluster"
FORMAT = 1
KUBERNETES_STAMP = {
    "gitVersion": "{version}",
    "gitMajor": "{major}",
    "gitMinor": "{minor}",
    "gitTreeState": "clean",
    "gitCommit": "",
    "buildDate": "1970-01-01T00:00:00Z",
}


@dataclass(frozen=True)
class Recipe:
    """How the commands of one pinned module are built.

    `commands` maps a command to its package, `stamps` a Go variable to its value, `manifests` are
    folders of the module whose YAML is kept beside the commands. `answers` is what `--version`
    says; empty for a command without that option.
    """

    name: str
    module: str
    commands: Mapping[str, str]
    stamps: Mapping[str, str]
    manifests: tuple[str, ...] = ()
    answers: str = "{version}"

    @property
    def folder(self) -> Path:
        """The Go module that pins everything, with its sums."""
        return SOURCES / self.name

    @property
    def version(self) -> str:
        """Such as "v1.36.4", from go.mod."""
        text = (self.folder / "go.mod").read_text()
        found = re.search(rf"^(?:require )?\s*{re.escape(self.module)} (v\S+)", text, re.MULTILINE)
        if not found:
            raise LocalError(f"{self.folder / 'go.mod'} requires no {self.module}.")
        return found[1]

    @property
    def key(self) -> str:
        """Names the built result: the same sources on the same kind of machine, the same key."""
        facts = [FORMAT, platform.system(), platform.machine(), self.module, *self.manifests]
        facts += [sorted(self.commands.items()), sorted(self.stamps.items())]
        digest = hashlib.sha256(json.dumps(facts).encode())
        for file in ("go.mod", "go.sum"):
            digest.update((self.folder / file).read_bytes())
        return f"{self.name}-{self.version}-{digest.hexdigest()[:16]}"

    @property
    def linker_flags(self) -> str:
        """Strips symbols and stamps versions; unstamped, Kubernetes calls itself v0.0.0."""
        stamps = (f"-X {variable}={self.filled(value)}" for variable, value in self.stamps.items())
        return " ".join(("-s -w", *stamps))

    def filled(self, text: str) -> str:
        """The text with the version put where it has a place for it."""
        major, minor = self.version.lstrip("v").split(".")[:2]
        return text.format(
            version=self.version, bare=self.version.lstrip("v"), major=major, minor=minor
        )


RECIPES = (
    Recipe(
        name="etcd",
        module="go.etcd.io/etcd/server/v3",
        commands={"etcd": "go.etcd.io/etcd/server/v3"},
        stamps={"go.etcd.io/etcd/api/v3/version.GitSHA": "{version}"},
        answers="{bare}",
    ),
    Recipe(
        name="kubernetes",
        module="k8s.io/kubernetes",
        commands={
            name: f"k8s.io/kubernetes/cmd/{name}"
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
        },
        stamps={
            f"{package}.{name}": value
            for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
            for name, value in KUBERNETES_STAMP.items()
        },
    ),
    Recipe(
        name="kwok",
        module="sigs.k8s.io/kwok",
        commands={"kwok": "sigs.k8s.io/kwok/cmd/kwok"},
        stamps={"sigs.k8s.io/kwok/pkg/consts.Version": "{version}"},
        manifests=("kustomize/crd/bases",),
    ),
    # Its visibility server looks for certificates in a folder of the root unless told otherwise;
    # a relative one lets it run as anybody.
    Recipe(
        name="kueue",
        module="sigs.k8s.io/kueue",
        commands={"kueue": "sigs.k8s.io/kueue/cmd/kueue"},
        stamps={
            "sigs.k8s.io/kueue/pkg/version.GitVersion": "{version}",
            "sigs.k8s.io/kueue/pkg/visibility.certDir": "visibility",
        },
        manifests=(
            "config/components/crd/bases",
            "config/components/rbac",
            "config/components/visibility",
            "config/components/webhook",
        ),
        answers="",
    ),
)
