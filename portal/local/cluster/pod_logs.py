"""What a pretended pod prints: lines in a file that the pretended kubelet serves and follows."""

import time
from datetime import UTC, datetime
from pathlib import Path

from portal.local.cluster.api import Api
from portal.local.folder import private_file


class PodLog:
    """The log of one pod; `kubectl logs -f` and the API see what is written, as it is written."""

    def __init__(self, api: Api, folder: Path, namespace: str, pod: str):
        self.path = Path(folder).absolute() / "pod-logs" / namespace / f"{pod}.log"
        private_file(self.path).close()
        api.apply(
            {
                "apiVersion": "kwok.x-k8s.io/v1alpha1",
                "kind": "Logs",
                "metadata": {"name": pod, "namespace": namespace},
                "spec": {"logs": [{"logsFile": str(self.path), "follow": True}]},
            }
        )

    def write(self, *lines: str, stream: str = "stdout") -> None:
        """Each with the time at which it is written, in the format of container runtimes."""
        with private_file(self.path) as file:
            for line in lines:
                file.write(f"{_stamp()} {stream} F {line}\n".encode())


def _stamp() -> str:
    seconds, rest = divmod(time.time_ns(), 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
