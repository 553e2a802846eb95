"""Ports: which are free, and the one that a service had last time."""

import socket
from contextlib import ExitStack
from pathlib import Path

from portal.local.errors import LocalError
from portal.local.folder import read_json, write_json

LOOPBACK = "127.0.0.1"
FILE = "ports.json"


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """True when a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port of the loopback that the kernel says is free."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """So many different ones: all are held until the last is found."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [probe.getsockname()[1] for probe in probes]


def remembered(folder: Path, name: str) -> int:
    """The port that `name` had last time if it is still free, else a fresh one, then kept."""
    known = read_json(folder / FILE)
    port = known.get(name)
    taken = {other for key, other in known.items() if key != name}
    if isinstance(port, int) and port not in taken and is_free(port):
        return port
    while (port := free_port()) in taken:
        continue
    write_json(folder / FILE, known | {name: port})
    return port


def reserve(folder: Path, **ports: int) -> None:
    """Keep these ports for services whose ports were asked for."""
    write_json(folder / FILE, read_json(folder / FILE) | ports)


def demand(port: int, *, host: str, variable: str) -> None:
    """LocalError unless a server could listen on the asked-for port."""
    try:
        socket.getaddrinfo(host, port)
    except OSError:
        raise LocalError(f"HOST={host} is not an address of this machine.") from None
    if not is_free(port, host):
        raise LocalError(
            f"Port {port} on {host} is in use by another program: stop it, or choose another "
            f"port, for example {variable}={port + 10} make run."
        )
