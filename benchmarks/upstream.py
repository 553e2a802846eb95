"""The cheapest model there is: a fixed answer over keep-alive HTTP, without reading its input."""

import asyncio
import json
import sys

OUTPUT = {"name": "y", "datatype": "FP64", "shape": [1], "data": [0.5]}
BODY = json.dumps({"model_name": "m", "model_version": "1", "outputs": [OUTPUT]}).encode()
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-model-usage: predictions=1\r\n"
    b"x-model-version: 1\r\nContent-Length: " + str(len(BODY)).encode() + b"\r\n\r\n" + BODY
)


class Model(asyncio.Protocol):
    """Answers each request once its whole body has come."""

    def connection_made(self, transport) -> None:
        self.transport, self.seen = transport, b""

    def data_received(self, data: bytes) -> None:
        self.seen += data
        while (end := self.seen.find(b"\r\n\r\n")) >= 0:
            length = _length(self.seen[:end])
            if len(self.seen) < end + 4 + length:
                return
            self.seen = self.seen[end + 4 + length :]
            self.transport.write(ANSWER)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


async def serve(port: int) -> None:
    """Answer on a loopback port until the process ends."""
    server = await asyncio.get_running_loop().create_server(Model, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
