"""Examples that are ready to paste, with the real address and a body that works."""

import json
import shlex
from urllib.parse import urlsplit

from marketplace.catalog import examples

KEY = "MILLWRIGHT_KEY"


def snippets(slug: str, version, gateway: str) -> list[tuple[str, str]]:
    """(title, text) for each way to call the model; empty when nobody knows what it wants."""
    requests = examples.example_requests(slug, version)
    found = []
    if "v2" in requests:
        found.append(("Inference v2", curl(gateway, requests["v2"])))
    if "mlflow" in requests:
        found.append(("MLflow", curl(gateway, requests["mlflow"])))
        found.append(("Python", python(gateway, requests["mlflow"])))
    if "v2" in requests:
        found.append(("Open Inference client", client(slug, gateway, requests["v2"])))
    return found


def curl(gateway: str, request: dict) -> str:
    """A command for a shell; the key comes from its environment."""
    lines = [
        f"curl -sS {gateway}{request['path']}",
        f'-H "Authorization: Bearer ${KEY}"',
        '-H "Content-Type: application/json"',
        f"-d {shlex.quote(json.dumps(request['body']))}",
    ]
    return " \\\n  ".join(lines)


def python(gateway: str, request: dict) -> str:
    """A program that needs nothing but Python itself."""
    return f"""import json
import os
import urllib.request

body = {request["body"]!r}
request = urllib.request.Request(
    "{gateway}{request["path"]}",
    data=json.dumps(body).encode(),
    headers={{
        "Authorization": "Bearer " + os.environ["{KEY}"],
        "Content-Type": "application/json",
    }},
)
with urllib.request.urlopen(request) as answer:
    print(json.load(answer))
"""


def client(slug: str, gateway: str, request: dict) -> str:
    """A program with a client library of the Open Inference Protocol."""
    address = urlsplit(gateway)
    secure = ", ssl=True" if address.scheme == "https" else ""
    return f"""# pip install "tritonclient[http]"
import os

import numpy as np
import tritonclient.http as inference
from tritonclient.utils import triton_to_np_dtype

body = {request["body"]!r}
inputs = []
for item in body["inputs"]:
    values = np.array(item["data"], dtype=triton_to_np_dtype(item["datatype"]))
    tensor = inference.InferInput(item["name"], item["shape"], item["datatype"])
    tensor.set_data_from_numpy(values.reshape(item["shape"]), binary_data=False)
    inputs.append(tensor)

client = inference.InferenceServerClient("{address.netloc}{address.path}"{secure})
headers = {{"Authorization": "Bearer " + os.environ["{KEY}"]}}
print(client.infer("{slug}", inputs, headers=headers).get_response())
"""
