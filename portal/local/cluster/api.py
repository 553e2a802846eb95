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
        content = yaml.safe_load(kubeconfig.read_text())
        cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
        self.address = urlsplit(cluster["server"])
        self.timeout = timeout
        self.context = _tls(cluster, user)
        self.kept = threading.local()

    def request(
        self, method: str, path: str, body: object = None, *, kind: str = "application/json"
    ) -> dict:
        """The decoded answer; ApiError when refused, OSError when nobody answers."""
        content = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": kind, "Accept": "application/json"}
        try:
            status, text = self._exchange(method, path, content, headers)
        except (http.client.HTTPException, OSError) as problem:
            self.close()
            if isinstance(problem, OSError):
                raise
            raise ConnectionError(str(problem)) from problem
        if status >= 400:
            raise ApiError(status, _message(text))
        return json.loads(text) if text[:1] in b"{[" else {"text": text.decode()}

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


def _tls(cluster: dict, user: dict) -> ssl.SSLContext:
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    with tempfile.NamedTemporaryFile() as file:
        for part in ("client-certificate-data", "client-key-data"):
            file.write(base64.b64decode(user[part]))
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _message(text: bytes) -> str:
    try:
        return json.loads(text)["message"]
    except (ValueError, KeyError, TypeError):
        return text.decode(errors="replace")[:300]
