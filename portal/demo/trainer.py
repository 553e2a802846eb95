"""Training the three demo models as a data scientist would: in a program of its own."""

import os
import subprocess
import sys

from django.conf import settings

INHERITED = ("PATH", "HOME", "LANG", "VIRTUAL_ENV", "SSL_CERT_FILE", "TMPDIR")


class TrainingFailed(Exception):
    """The trainer ended with an error; its last words are the message."""


def train() -> None:
    """Register the demo models that the registry does not have; knows no secret of the portal."""
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    environment |= {"MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "marketplace.engines.demo_trainer"]
    command += ["--tracking-uri", settings.MLFLOW_TRACKING_URI]
    done = subprocess.run(  # noqa: S603
        command,
        env=environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise TrainingFailed("\n".join(done.stderr.strip().splitlines()[-5:]))
