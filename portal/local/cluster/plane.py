"""A control plane on this machine: etcd, Kubernetes, kwok and Kueue, in one object."""

import time
from contextlib import suppress
from pathlib import Path

from portal.local.cluster import commands, manifests
from portal.local.cluster.api import Api, ApiError
from portal.local.cluster.cache import Programs
from portal.local.cluster.commands import Layout
from portal.local.cluster.readiness import Readiness, wait_for
from portal.local.cluster.recipes import SOURCES
from portal.local.console import Console
from portal.local.errors import LocalError
from portal.local.folder import make_private
from portal.local.processes import ChildProcess, plain_environment, rotate

START_WITHIN = 90.0
# With its own settings the API server spends a fifth of its time on collecting garbage.
COLLECTS = {"GOGC": "300", "GOMEMLIMIT": "4GiB"}
PARTS = ("etcd", "apiserver", "controller-manager", "scheduler", "kwok", "kueue")
NAMES = {"apiserver": "kube-apiserver"} | {
    name: f"kube-{name}" for name in ("controller-manager", "scheduler")
}
LOGS_DEFINITION = "kustomize/crd/bases/kwok.x-k8s.io_logs.yaml"


class ControlPlane:
    """A real Kubernetes in `folder`, with pretended nodes; its state outlives its programs.

    `durable=False` gives up safety from power cuts for speed: for tests. A node that is silent
    for `grace_seconds` is lost; its pods are evicted `toleration_seconds` later.
    """

    def __init__(
        self,
        folder: Path,
        programs: Programs,
        *,
        durable: bool,
        grace_seconds: int = 40,
        toleration_seconds: int = 10,
    ):
        self.folder = Path(folder)
        self.programs = programs
        self.durable = durable
        self.grace_seconds = grace_seconds
        self.toleration_seconds = toleration_seconds
        self.parts: dict[str, ChildProcess] = {}
        self.layout: Layout | None = None
        self.readiness: Readiness | None = None
        self.api: Api | None = None

    @property
    def kubeconfig(self) -> Path:
        """Of somebody who may do everything."""
        return self.folder / "kubeconfig"

    def kubeconfig_for(self, user: str, *groups: str) -> Path:
        """Of a user without any right but those that are granted to the name and its groups."""
        return self.layout.credentials.kubeconfig_for(
            self.layout.server, user, *groups, file=user.replace(":", "-").replace("/", "-")
        )

    def start(self, console: Console) -> None:
        """Start everything and wait until all of it works; LocalError with what would not."""
        make_private(self.folder)
        self.layout = commands.lay_out(self.folder)
        self.readiness = Readiness(self.layout)
        self.kubeconfig.unlink(missing_ok=True)
        self.kubeconfig.symlink_to(self.layout.kubeconfig("admin").resolve())
        try:
            self._start(console)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything, last started first; returns when nothing of it is left."""
        for name in reversed(PARTS):
            if name in self.parts:
                self.parts[name].stop()

    def kill(self, name: str) -> None:
        """End one part at once, as a crash would."""
        self.parts[name].kill()

    def restart(self, name: str) -> None:
        """Start a part that has ended, on its own data and port, and wait until all work."""
        self.parts[name].start()
        self.wait_until_ready()

    def wait_until_ready(self, within: float = START_WITHIN) -> None:
        """Until every part says that it is well."""
        for name, child in self.parts.items():
            wait_for(child, lambda name=name: self.readiness.of(name), within=within)

    def _start(self, console: Console) -> None:
        with console.step("etcd") as notes:
            self._begin("etcd", commands.etcd(self.layout, durable=self.durable))
            self._wait("etcd")
            notes.append(self.programs.versions["etcd"])
        with console.step("apiserver") as notes:
            options = commands.apiserver(self.layout, toleration_seconds=self.toleration_seconds)
            self._begin("apiserver", options)
            self._wait("apiserver")
            self.api = Api(self.kubeconfig)
            notes.append(f"{self.programs.versions['kubernetes']}, {self.layout.server}")
        with console.step("controllers"):
            options = commands.controller_manager(self.layout, grace_seconds=self.grace_seconds)
            self._begin("controller-manager", options)
            self._begin("scheduler", commands.scheduler(self.layout))
            kueue = self._define()
            self._wait("controller-manager")
            self._wait("scheduler")
        with console.step("kwok") as notes:
            stages = SOURCES / "stages.yaml"
            options = commands.kwok(self.layout, stages=stages, lease_seconds=self.grace_seconds)
            self._begin("kwok", options)
            self._wait("kwok")
            notes.append(self.programs.versions["kwok"])
        with console.step("kueue") as notes:
            self._start_kueue(kueue)
            notes.append(self.programs.versions["kueue"])

    def _define(self) -> manifests.KueueManifests:
        """Kinds first, then who may use them."""
        kueue = manifests.KueueManifests(self.programs.manifests("kueue"), self.layout)
        self.api.apply(manifests.namespace())
        definitions = [*kueue.definitions(), *self.programs.manifests("kwok")[LOGS_DEFINITION]]
        self.api.apply_all(definitions)
        self.api.apply_all([*kueue.rights(), *kueue.hooks()])
        return kueue

    def _start_kueue(self, kueue: manifests.KueueManifests) -> None:
        home = make_private(self.folder / "kueue")
        settings = home / "kueue.yaml"
        certificates = self.layout.credentials.webhook.certificate.parent
        settings.write_text(manifests.settings(SOURCES / "kueue.yaml", self.layout, certificates))
        server = self.layout.credentials.server
        place = make_private(home / "visibility")
        for source, name in ((server.certificate, "crt"), (server.key, "key")):
            link = place / f"apiserver.{name}"
            link.unlink(missing_ok=True)
            link.symlink_to(source.resolve())
        self._begin("kueue", commands.kueue(self.layout, settings=settings), home)
        self._wait("kueue")
        self.api.apply_all(kueue.visibility())
        self._until("Kueue's visibility", self._visibility_answers)
        self._until("the default account", self._default_account_exists)

    def _begin(self, name: str, options: list[str], home: Path | None = None) -> None:
        program = self.programs.commands[NAMES.get(name, name)]
        log = self.folder / "log" / f"{name}.log"
        rotate(log)
        self.parts[name] = ChildProcess(
            name=name,
            command=[str(program), *options],
            log=log,
            environment=plain_environment(**COLLECTS),
            folder=home or self.folder,
        )
        self.parts[name].start()

    def _wait(self, name: str) -> None:
        wait_for(self.parts[name], lambda: self.readiness.of(name), within=START_WITHIN)

    def _until(self, what: str, well) -> None:
        give_up = time.monotonic() + START_WITHIN
        while time.monotonic() < give_up:
            with suppress(ApiError, OSError):
                if well():
                    return
            time.sleep(0.05)
        raise LocalError(f"{what} does not come: see the logs in {self.folder / 'log'}.")

    def _visibility_answers(self) -> bool:
        return bool(self.api.get("/apis/visibility.kueue.x-k8s.io/v1beta2").get("resources"))

    def _default_account_exists(self) -> bool:
        return bool(self.api.get("/api/v1/namespaces/default/serviceaccounts/default"))
