"""The identity of this process in the trail, and the count of its lines."""

import itertools
import os
import secrets
import socket
import threading

_lock = threading.Lock()
_state: dict = {}


def next_place() -> tuple[str, int]:
    """(writer, sequence number) of the next line. A forked child is a writer of its own."""
    with _lock:
        if _state.get("pid") != os.getpid():
            name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
            _state.update(pid=os.getpid(), writer=name, count=itertools.count(1))
        return _state["writer"], next(_state["count"])
