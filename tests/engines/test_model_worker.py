"""Real models behind real workers, asked in both protocols."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import mlflow
import pytest

from compute.engines.base import ServingOrder, ServingPhase, ServingSighting
from compute.engines.worker_sandbox import NOBODY
from marketplace.engines.http_client import HttpClient
from tests.engines.calls import Reply, call

pytestmark = pytest.mark.xdist_group("engines")

MODELS = {"digits": 64, "breast-cancer-risk": 30, "diabetes-progression": 10}


@dataclass
class Served:
    """A model that answers, with its own example."""

    seen: ServingSighting
    example: dict

    @property
    def rows(self) -> list[list[float]]:
        return self.example["dataframe_split"]["data"]

    @property
    def columns(self) -> list[str]:
        return self.example["dataframe_split"]["columns"]

    def ask(self, path: str, body=None, **how) -> Reply:
        return call(self.seen.address, path, body, **{"token": self.seen.secret, **how})

    def infer(self, *inputs: dict, **more) -> Reply:
        return self.ask(f"/v2/models/{self.seen.order.model}/infer", {"inputs": inputs, **more})


@pytest.fixture(scope="session")
def served(host, registry) -> dict[str, Served]:
    """The three demo models, ready."""
    for name in MODELS:
        host.engine.start(ServingOrder(name, name, 1, "production"))
    return {
        name: Served(host.until(name, ServingPhase.READY), registry.version(name, 1).input_example)
        for name in MODELS
    }


@pytest.fixture(params=MODELS)
def model(request, served) -> Served:
    """Each of the three in turn."""
    return served[request.param]


@pytest.fixture
def digits(served) -> Served:
    """The one whose answers are easy to check."""
    return served["digits"]


def matrix(model: Served, name: str = "rows", **changes) -> dict:
    shape = [len(model.rows), len(model.columns)]
    return {"name": name, "shape": shape, "datatype": "FP64", "data": model.rows, **changes}


def by_column(model: Served) -> list[dict]:
    rows = len(model.rows)
    return [
        {
            "name": name,
            "shape": [rows, 1],
            "datatype": "FP64",
            "data": [row[n] for row in model.rows],
        }
        for n, name in enumerate(model.columns)
    ]


def flat(rows: list) -> list:
    return list(chain.from_iterable(rows)) if isinstance(rows[0], list) else rows


def test_every_form_of_both_protocols_gives_the_same_answer(model):
    wanted = flat(model.ask("/invocations", model.example).json["predictions"])
    records = [dict(zip(model.columns, row, strict=True)) for row in model.rows]
    inputs = {name: [row[n] for row in model.rows] for n, name in enumerate(model.columns)}
    for body in ({"dataframe_records": records}, {"instances": model.rows}, {"inputs": inputs}):
        said = model.ask("/invocations", body).json["predictions"]
        assert len(said) == 2
        assert flat(said) == pytest.approx(wanted)
    for sent in ([matrix(model)], [matrix(model, data=flat(model.rows))], by_column(model)):
        (output,) = model.infer(*sent).json["outputs"]
        assert output["shape"][0] == 2
        assert output["data"] == pytest.approx(wanted)


def test_an_answer_says_what_it_cost_and_which_version_gave_it(model):
    for reply in (model.ask("/invocations", model.example), model.infer(matrix(model), id="q1")):
        assert reply.status == 200
        assert reply.headers["x-model-usage"] == "predictions=2"
        assert reply.headers["x-model-version"] == "1"
    assert reply.json["id"] == "q1"
    assert reply.json["model_name"] == model.seen.order.model
    assert reply.json["model_version"] == "1"


def test_metadata_tells_what_to_send(model):
    found = model.ask(f"/v2/models/{model.seen.order.model}").json
    assert found["versions"] == ["1"]
    assert found["platform"] == "mlflow_sklearn"
    assert [one["name"] for one in found["inputs"]] == model.columns
    assert found["inputs"][0] == {"name": model.columns[0], "datatype": "FP64", "shape": [-1, 1]}
    (output,) = found["outputs"]
    (given,) = model.infer(matrix(model)).json["outputs"]
    assert (output["name"], output["datatype"]) == (given["name"], given["datatype"])
    assert len(output["shape"]) == len(given["shape"])


def test_digits_are_read(digits):
    assert digits.ask("/invocations", digits.example).json == {"predictions": [1, 5]}


def test_health_is_open_and_all_else_wants_the_token(digits):
    for path in ("/ping", "/health", "/healthz", "/v2/health/live", "/v2/health/ready"):
        assert digits.ask(path, token=None).status == 200
    for path in ("/v2", "/version", "/v2/models/digits", "/v2/models/digits/ready"):
        assert digits.ask(path).status == 200
        for token in (None, "wrong", digits.seen.secret + "x"):
            assert digits.ask(path, token=token).status == 401
    refused = digits.ask("/invocations", digits.example, token="wrong")
    assert (refused.status, list(refused.json)) == (401, ["error"])
    assert digits.ask("/v2/models/digits/versions/1/ready").json["ready"] is True
    assert digits.ask("/version").body.decode() == mlflow.__version__


def wide(value, columns=64):
    return {"instances": [[value] * columns]}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (wide("a"), "a number is expected, not text"),
        (wide(None), "no value for 'pixel_0_0'"),
        (wide(True), "a number is expected, not true or false"),
        (wide([1]), "a number is expected, not a list"),
        (wide(10**400), "too large"),
        (wide(1, columns=63), "Row 0 needs a list of 64 values"),
        ({"instances": []}, "at least one row"),
        ({"instances": 5}, "a list or an object"),
        ({"instances": [[0] * 64] * 10_001}, "at most 10000 rows"),
        ({}, "exactly one of"),
        ({"instances": [[0] * 64], "inputs": []}, "exactly one of"),
        ({"dataframe_records": [{"pixel_0_0": 1}]}, "Columns are missing"),
        ({"dataframe_records": [{"a": 1}, {"b": 1}]}, "Row 0 has no 'b'"),
        ({"dataframe_split": {"columns": ["a", "a"], "data": [[1, 2]]}}, "named twice"),
        ({"dataframe_split": [1]}, "columns and data"),
        ({"inputs": {"pixel_0_0": [1, 2], "pixel_0_1": [1]}}, "same number of rows"),
        ({"instances": [[0] * 64], "params": 3}, "params"),
        ([1], "a JSON object"),
    ],
)
def test_a_bad_scoring_body_gets_a_readable_400(digits, body, words):
    reply = digits.ask("/invocations", body)
    assert (reply.status, list(reply.json)) == (400, ["error"])
    assert words in reply.json["error"]
    assert "x-model-usage" not in reply.headers


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"shape": [1, 63], "data": [0] * 63}, "shape [rows, 64]"),
        ({"shape": [2, 64]}, "needs 128"),
        ({"shape": [1, -64]}, "whole numbers"),
        ({"shape": []}, "needs a shape"),
        ({"shape": [10**6, 10**6]}, "at most"),
        ({"datatype": "FP128"}, "needs a datatype"),
        ({"datatype": "BOOL"}, "true or false"),
        ({"datatype": "INT8", "data": [1000] * 64}, "too large for int8"),
        ({"datatype": "INT64", "data": [0.5] * 64}, "a whole number"),
        ({"data": ["1"] * 64}, "a number is expected, not text"),
        ({"data": [None] * 64}, "no value for 'pixel_0_0'"),
        ({"data": [[0] * 63]}, "does not have shape"),
        ({"data": None}, "needs data"),
        ({"name": ""}, "needs a name"),
        ({"name": "pixel_0_0"}, "its shape is [rows]"),
        ({"parameters": {"binary_data_size": 8}}, "as JSON"),
    ],
)
def test_a_bad_tensor_gets_a_readable_400(digits, changes, words):
    tensor = {"name": "x", "shape": [1, 64], "datatype": "FP64", "data": [0] * 64, **changes}
    reply = digits.infer(tensor)
    assert (reply.status, list(reply.json)) == (400, ["error"])
    assert words in reply.json["error"]


def test_other_bad_requests_get_a_clear_4xx(digits):
    digit = matrix(digits)
    assert digits.infer().status == 400
    assert "has no output" in digits.infer(digit, outputs=[{"name": "nope"}]).json["error"]
    assert "sent twice" in digits.infer(digit, digit).json["error"]
    assert (
        "no input named"
        in digits.infer(*by_column(digits), matrix(digits, shape=[2, 1], data=[1, 2])).json[
            "error"
        ]
    )
    for raw in (b"", b"{", b"[" * 90_000, b"\xff"):
        assert digits.ask("/invocations", raw=raw).status == 400
    for word in ("NaN", "-Infinity"):
        said = digits.ask("/invocations", raw=b'{"instances": [[%s]]}' % word.encode())
        assert said.status == 400 and said.json["error"].startswith(f"{word} is not a value")
    assert "no parameter 'x'" in digits.infer(digit, parameters={"x": 1}).json["error"]
    assert digits.ask("/invocations", raw=b" " * (8 * 1024 * 1024 + 1)).status == 413
    assert digits.ask("/invocations", raw=b"1,2", content_type="text/csv").status == 415
    assert digits.ask("/v2/models/other/infer", {}).status == 404
    assert digits.ask("/v2/models/digits/versions/2").status == 404
    assert digits.ask("/nowhere").status == 404
    assert digits.ask("/invocations").status == 405


def test_many_large_bodies_at_once_are_answered_or_put_off(digits, host):
    raw = json.dumps({"instances": [[0.123456789] * 64] * 8000}).encode()
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(digits.ask, "/invocations", raw=raw) for _ in range(8)]
        replies = [one.result() for one in asked]
    assert {reply.status for reply in replies} <= {200, 503}
    assert any(reply.headers.get("x-model-usage") == "predictions=8000" for reply in replies)
    assert all("retry-after" in reply.headers for reply in replies if reply.status == 503)
    assert digits.ask("/invocations", digits.example).status == 200
    assert digits.ask("/healthz").json["running"] == 0
    assert host.engine.look("digits").restarts == 0


@pytest.fixture(scope="session")
def inmate(host, mlflow_url) -> Served:
    """A model that tells what it can see from inside its worker."""
    mlflow.set_tracking_uri(mlflow_url)
    with mlflow.start_run():
        mlflow.pyfunc.log_model(
            name="model",
            python_model=str(Path(__file__).with_name("odd_model.py")),
            registered_model_name="odd",
            pip_requirements=["mlflow"],
        )
    host.engine.start(ServingOrder("odd", "odd", 1, "production", cpu=2.0))
    return Served(host.until("odd", ServingPhase.READY, ServingPhase.FAILED), {})


def told(inmate: Served, ask: str) -> str:
    reply = inmate.ask("/invocations", {"inputs": [ask]})
    assert reply.status == 200, reply.body
    return reply.json["predictions"][0]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up being root")
def test_under_root_a_worker_is_nobody_for_good(inmate):
    assert inmate.ask("/healthz").json["uid"] == NOBODY
    assert told(inmate, "users") == f"{(NOBODY,) * 3} {(NOBODY,) * 3} []"
    assert told(inmate, "become root") == "PermissionError"
    assert told(inmate, "shadow") == "PermissionError"


def test_a_model_sees_no_secret_and_cannot_look_into_its_host(inmate, host):
    environment = told(inmate, "environment")
    assert "HOME=" in environment
    for word in (
        host.token,
        host.mlflow_url,
        "MODEL_HOST",
        "VAULT_KEK",
        "SECRET_KEY",
        inmate.seen.secret,
    ):
        assert word not in environment
    assert told(inmate, "host's environment") == "PermissionError"
    assert "NoNewPrivs:\t1" in told(inmate, "new privileges")
    assert told(inmate, "django") == "False"


def test_where_the_network_can_be_cut_a_model_reaches_nobody(inmate):
    reaches = inmate.ask("/healthz").json["network"]
    said = told(inmate, "network")  # asks a port of this machine where nobody listens
    assert said == ("ConnectionRefusedError" if reaches else "OSError")


def test_a_model_has_a_folder_of_its_own_and_late_imports_work(inmate):
    home, folder = told(inmate, "home").split()
    assert home == folder
    assert told(inmate, "own files") == "done"
    assert told(inmate, "import late") == "colorsys"


def test_a_model_cannot_take_more_memory_than_it_was_given(inmate):
    assert told(inmate, "2 GB") == "MemoryError"
    assert inmate.ask("/ping").status == 200


def test_what_a_model_raises_stays_in_its_log(inmate, host):
    reply = inmate.ask("/invocations", {"inputs": ["raise"]})
    assert (reply.status, reply.json) == (500, {"error": "The model failed with RuntimeError."})
    assert "a secret of the model's owner" in (host.folder / "log/models/odd.log").read_text()


def test_health_answers_while_the_model_works(inmate):
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(told, inmate, "sleep")
        seen = [inmate.ask("/healthz").json["running"]]
        while not slow.done() and seen[-1] == 0:
            seen.append(inmate.ask("/healthz").json["running"])
        assert seen[-1] == 1
        assert not slow.done()
        assert slow.result() == "slept"


def test_a_model_that_ends_its_process_is_started_again_at_the_same_address(inmate, host):
    with pytest.raises(OSError):
        inmate.ask("/invocations", {"inputs": ["end"]})
    assert told(inmate, "import late") == "colorsys"
    seen = host.until("odd", ServingPhase.READY)
    assert (seen.address, seen.secret) == (inmate.seen.address, inmate.seen.secret)
    assert seen.restarts == 1


def test_the_control_interface_tells_each_secret_once(host, digits):
    listed = HttpClient(host.url, token=host.token).send("GET", "/servings").json()
    names = [item["name"] for item in listed["servings"]]
    assert {"digits", "breast-cancer-risk"} <= set(names)
    assert json.dumps(listed).count(digits.seen.secret) == 1
