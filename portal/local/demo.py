"""The demo: seeded once, as soon as the registry answers, and its sign-ins shown."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from portal.local.console import Console
from portal.local.errors import LocalError
from portal.local.processes import ChildProcess

TRIES = 5
WAIT_BETWEEN = 15.0


class Demo:
    """Runs the seed in the background until `file` is there; `look` moves it on."""

    def __init__(self, file: Path, console: Console, *, seed: Callable[[], ChildProcess]):
        self.file = file
        self.console = console
        self.seed = seed
        self.child: ChildProcess | None = None
        self.tries = 0
        self.try_again_at = 0.0
        self.over = False

    def look(self, registry_is_ready: Callable[[], bool]) -> None:
        """One step, at once: start the seed, notice its end, tell the sign-ins."""
        if self.over:
            return
        if self.child is not None:
            if not self.child.running:
                self._end()
        elif self.file.exists():
            self._tell()
        elif time.monotonic() >= self.try_again_at and registry_is_ready():
            self.tries += 1
            self.child = self.seed()
            self.child.start()

    def stop(self) -> None:
        if self.child is not None:
            self.child.stop()

    def _end(self) -> None:
        child, self.child = self.child, None
        if child.exit_code == 0 and self.file.exists():
            self.console.say(f"The demo is ready, {self.console.since_start()} after the start.")
            self._tell()
            return
        self.over = self.tries >= TRIES
        self.try_again_at = time.monotonic() + WAIT_BETWEEN
        then = "The next start tries again" if self.over else f"Again in {WAIT_BETWEEN:.0f} s"
        self.console.say(
            f"The demo could not be made ({child.last_words()}). {then}. Its log: {child.log}"
        )

    def _tell(self) -> None:
        self.over = True
        self.console.say("Demo sign-ins:")
        self.console.table(
            ("username", "password", "tenant", "roles"),
            [
                (
                    account["username"],
                    account["password"],
                    account.get("tenant") or "-",
                    ", ".join(account.get("roles", [])) or "-",
                )
                for account in read_accounts(self.file)
            ],
        )


def read_accounts(file: Path) -> list[dict]:
    """The accounts as the seed wrote them."""
    try:
        accounts = json.loads(file.read_text())
    except (OSError, ValueError):
        accounts = None
    if not isinstance(accounts, list):
        raise LocalError(f"{file} cannot be read: move it away, and the demo is made again.")
    return accounts
