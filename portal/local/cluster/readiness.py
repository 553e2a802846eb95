"""Whether the programs of a plane answer yet."""

import http.client
import ssl
import time
from collections.abc import Callable

from portal.local.cluster.commands import Layout
from portal.local.cluster.pki import Pair
from portal.local.errors import LocalError
from portal.local.ports import LOOPBACK
from portal.local.processes import ChildProcess

LOOK_EVERY = 0.05


class Readiness:
    """Asks each program's own health address, the way that program allows."""

    def __init__(self, layout: Layout):
        self.ports = layout.ports
        keys = layout.credentials
        admin = Pair(keys.folder / "user-admin.crt", keys.folder / "user-admin.key")
        self.as_admin = _tls(keys.authority.pair, admin)
        self.as_etcd_client = _tls(keys.authority.pair, keys.etcd_client)

    def of(self, name: str) -> bool:
        """True when the program answers 200."""
        places = {
            "etcd": ("etcd", "/health", self.as_etcd_client),
            "apiserver": ("apiserver", "/readyz", self.as_admin),
            "controller-manager": ("controller-manager", "/healthz", self.as_admin),
            "scheduler": ("scheduler", "/healthz", self.as_admin),
            "kwok": ("kwok", "/healthz", self.as_admin),
            "kueue": ("kueue-health", "/readyz", None),
        }
        port, path, context = places[name]
        return _answers(self.ports[port], path, context)


def wait_for(child: ChildProcess, well: Callable[[], bool], *, within: float) -> None:
    """LocalError with its last words when the program ends, or is not well in time."""
    give_up = time.monotonic() + within
    while child.running and time.monotonic() < give_up:
        if well() and child.running:
            return
        time.sleep(LOOK_EVERY)
    raise LocalError(f"{child.name} does not start ({child.last_words()}): see {child.log}.")


def _tls(authority: Pair, pair: Pair) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority.certificate)
    context.load_cert_chain(pair.certificate, pair.key)
    return context


def _answers(port: int, path: str, context: ssl.SSLContext | None) -> bool:
    if context:
        connection = http.client.HTTPSConnection(LOOPBACK, port, timeout=5, context=context)
    else:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
