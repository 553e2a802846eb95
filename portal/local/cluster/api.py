"""The little of the Kubernetes API that setting up a plane needs, over plain HTTPS."""

import base64
import http.client
import json
import ssl
import tempfile
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import yaml

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
MANAGER = "millwright-cluster"
AT_ONCE = 8


class ApiError(Exception):
    """The API server refused; `status` is that of HTTP, the text its own."""

    def __init__(self, status: int, message: str):
        super().__init__(f"{status}: {message}")
        self.status = status


class Api:
    """Speaks to the cluster of a kubeconfig; one kept connection for each thread."""

    def __init__(self, kubeconfig: Path, *, timeout: float = 30.0):
        cluster, user = _chosen(kubeconfig)
        self.address = urlsplit(cluster["server"])
        self.timeout = timeout
        self.context = _tls(cluster, user, kubeconfig.parent)
        self.token = user.get("token", "")
        self.kept = threading.local()

    def request(
        self, method: str, path: str, body: object = None, *, kind: str = "application/json"
    ) -> dict:
        """The decoded answer; ApiError when refused, OSError when nobody answers."""
        content = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": kind, "Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            status, text = self._asked(method, path, content, headers)
        except (http.client.HTTPException, OSError) as problem:
            self.close()
            if isinstance(problem, OSError):
                raise
            raise ConnectionError(str(problem)) from problem
        if status >= 400:
            raise ApiError(status, _message(text))
        return json.loads(text) if text[:1] in {b"{", b"["} else {"text": text.decode()}

    def get(self, path: str, **query: str) -> dict:
        return self.request("GET", f"{path}?{urlencode(query)}" if query else path)

    def apply(self, thing: dict) -> dict:
        """Server-side apply: made if it is not there, else brought to what `thing` says."""
        path = f"{path_of(thing)}/{thing['metadata']['name']}?fieldManager={MANAGER}&force=true"
        return self.request("PATCH", path, thing, kind=APPLY)

    def apply_all(self, things: Iterable[dict]) -> None:
        """Several at once, in no order; raises the first refusal."""
        with ThreadPoolExecutor(AT_ONCE) as threads:
            list(threads.map(self.apply, things))

    def create(self, thing: dict) -> dict:
        return self.request("POST", path_of(thing), thing)

    def close(self) -> None:
        """Forget the connection of this thread."""
        connection = self.kept.__dict__.pop("connection", None)
        if connection:
            connection.close()

    def _asked(self, method, path, content, headers) -> tuple[int, bytes]:
        """A kept connection may have been closed meanwhile: what only reads asks again."""
        kept = getattr(self.kept, "connection", None)
        try:
            return self._exchange(method, path, content, headers)
        except (http.client.RemoteDisconnected, ConnectionError):
            if kept is None or method != "GET":
                raise
            self.close()
            return self._exchange(method, path, content, headers)

    def _exchange(self, method, path, content, headers) -> tuple[int, bytes]:
        connection = getattr(self.kept, "connection", None)
        if connection is None:
            host, port = self.address.hostname, self.address.port
            connection = http.client.HTTPSConnection(
                host, port, timeout=self.timeout, context=self.context
            )
            self.kept.connection = connection
        connection.request(method, path, content, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def path_of(thing: dict) -> str:
    """The collection that `thing` belongs to."""
    version, kind = thing["apiVersion"], thing["kind"].lower()
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    namespace = thing["metadata"].get("namespace")
    plural = _plural(kind)
    return f"{root}/namespaces/{namespace}/{plural}" if namespace else f"{root}/{plural}"


def _plural(kind: str) -> str:
    if kind.endswith("y"):
        return f"{kind[:-1]}ies"
    if kind.endswith("ss"):
        return f"{kind}es"
    return kind if kind.endswith("s") else f"{kind}s"


def _chosen(kubeconfig: Path) -> tuple[dict, dict]:
    """The cluster and the user of the current context."""
    content = yaml.safe_load(kubeconfig.read_text())
    named = {
        kind: {entry["name"]: entry[kind] for entry in content[f"{kind}s"]}
        for kind in ("context", "cluster", "user")
    }
    context = named["context"][content["current-context"]]
    return named["cluster"][context["cluster"]], named["user"][context["user"]]


def _tls(cluster: dict, user: dict, folder: Path) -> ssl.SSLContext:
    authority = _part(cluster, "certificate-authority", folder)
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    pair = [_part(user, name, folder) for name in ("client-certificate", "client-key")]
    if all(pair):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"\n".join(pair))
            file.flush()
            context.load_cert_chain(file.name)
    return context


def _part(entry: dict, name: str, folder: Path) -> bytes:
    """Written into the file itself, or in another one that it names."""
    if data := entry.get(f"{name}-data"):
        return base64.b64decode(data)
    return (folder / entry[name]).read_bytes() if name in entry else b""


def _message(text: bytes) -> str:
    try:
        return json.loads(text)["message"]
    except (ValueError, KeyError, TypeError):
        return text.decode(errors="replace")[:300]
