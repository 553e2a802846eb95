"""An embedded Valkey: password, loopback, nothing evicted; on disk only where it should last."""

import time
from pathlib import Path

import redis

from portal.local.binaries import valkey_program
from portal.local.errors import LocalError
from portal.local.folder import is_ours, make_private, mark, private_file
from portal.local.keep import password
from portal.local.ports import LOOPBACK, remembered
from portal.local.processes import ChildProcess, plain_environment, rotate

RETRY_FOR = 10.0
START_WITHIN = 30.0


class EmbeddedValkey:
    """Valkey in `folder`/valkey; `durable=False` keeps everything in memory: for tests.

    `url` names database 0 and is known once `start` returned.
    """

    def __init__(self, folder: Path, *, durable: bool):
        self.folder = Path(folder)
        self.durable = durable
        self.program = valkey_program()
        self.data = self.folder / "valkey"
        self.port = 0
        self.password = ""
        self.child: ChildProcess | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Start it and wait until it answers."""
        make_private(self.folder)
        self.password = password(self.folder, "valkey")
        if not is_ours(self.data):
            mark(make_private(self.data))
        rotate(self.folder / "log" / "valkey.log")
        give_up = time.monotonic() + RETRY_FOR
        while not self._start_once():
            if time.monotonic() > give_up:
                raise LocalError(
                    f"Valkey does not start ({self.child.last_words()}): see {self.child.log}."
                )
            time.sleep(0.3)

    def stop(self) -> None:
        """Stop it; with `durable` everything is on disk first."""
        if self.child:
            self.child.stop()

    def _start_once(self) -> bool:
        """True when it answers, False when it ended instead."""
        self.port = remembered(self.folder, "valkey")
        self.child = ChildProcess(
            name="valkey",
            command=[str(self.program), str(self._write_settings())],
            log=self.folder / "log" / "valkey.log",
            environment=plain_environment(),
            folder=self.data,
        )
        self.child.start()
        give_up = time.monotonic() + START_WITHIN
        try:
            while self.child.running and time.monotonic() < give_up:
                if self._answers():
                    return True
                time.sleep(0.03)
        except BaseException:
            self.stop()
            raise
        self.child.stop()
        return False

    def _write_settings(self) -> Path:
        """A private file, because arguments can be read by every user of the machine."""
        path = self.data / "valkey.conf"
        path.unlink(missing_ok=True)
        lines = [
            f"bind {LOOPBACK}",
            f"port {self.port}",
            f"requirepass {self.password}",
            f'dir "{self.data.resolve()}"',
            "maxmemory-policy noeviction",
            f"appendonly {'yes' if self.durable else 'no'}",
            "appendfsync everysec",
            'save ""',
            "databases 16",
        ]
        with private_file(path) as file:
            file.write(("\n".join(lines) + "\n").encode())
        return path

    def _answers(self) -> bool:
        client = redis.Redis.from_url(self.url, socket_timeout=5, retry=None)
        try:
            told = client.info("server")
        except redis.exceptions.BusyLoadingError:
            return False
        except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError):
            return False
        finally:
            client.close()
        return told.get("process_id") is not None and self.child.running
