"""A model saved as code that does what its input asks for: an inmate that looks around."""

import os
import socket
import sys
import time
import wave  # noqa: F401  (nobody else imports it: found after rights were given up)
from collections.abc import Callable
from pathlib import Path

from mlflow.models import set_model
from mlflow.pyfunc import PythonModel


def _can(act: Callable[[], object]) -> str:
    try:
        act()
    except (OSError, MemoryError) as wrong:
        return type(wrong).__name__
    return "done"


def _import_late() -> str:
    import colorsys  # noqa: PLC0415  (late on purpose)

    return colorsys.__name__


class OddModel(PythonModel):
    """Answers one text for each text asked."""

    def predict(self, context, model_input: list[str], params=None) -> list[str]:
        return [self.answer(ask) for ask in model_input]

    def answer(self, ask: str) -> str:
        answers: dict[str, Callable[[], object]] = {
            "environment": lambda: "\n".join(f"{k}={v}" for k, v in os.environ.items()),
            "users": lambda: f"{os.getresuid()} {os.getresgid()} {os.getgroups()}",
            "become root": lambda: _can(lambda: os.setuid(0)),
            "host's environment": lambda: _can(Path(f"/proc/{os.getppid()}/environ").read_bytes),
            "shadow": lambda: _can(Path("/etc/shadow").read_bytes),
            "home": lambda: f"{os.environ['HOME']} {os.getcwd()}",
            "own files": lambda: _can(lambda: Path("mine").write_text("x")),
            "import late": _import_late,
            "django": lambda: str("django" in sys.modules),
            "2 GB": lambda: _can(lambda: bytearray(2 * 1024**3)),
            "new privileges": lambda: Path("/proc/thread-self/status").read_text(),
            "network": lambda: _can(lambda: socket.create_connection(("127.0.0.1", 9), 5)),
            "sleep": lambda: time.sleep(1.5) or "slept",
            "end": lambda: os._exit(7),
        }
        if ask == "raise":
            raise RuntimeError("a secret of the model's owner")
        return str(answers[ask]())


set_model(OddModel())
