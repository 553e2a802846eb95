"""What is reserved before a call, and how answers and names are read."""

import json

import pytest

from compute.gateway.protocols import MLFLOW, V2
from compute.gateway.protocols.base import CHEAP, MOST_ROWS
from compute.gateway.routes import find, read_name


def v2(*shapes) -> bytes:
    return json.dumps({"inputs": [{"name": "x", "shape": shape} for shape in shapes]}).encode()


@pytest.mark.parametrize(
    ("protocol", "body", "rows"),
    [
        (V2, v2([3, 2]), 3),
        (V2, v2([3], [5, 1]), 5),
        (V2, v2([10**9]), MOST_ROWS),
        (V2, v2(["x"], []), 1),
        (V2, v2([-4]), 1),
        (V2, b"[]", 1),
        (V2, b"not json", 1),
        (V2, b'{"inputs": 3}', 1),
        (V2, b'{"inputs": [{"shape": [7, 1], "data": [' + b"0," * CHEAP + b"0]}]}", 7),
        (MLFLOW, b'{"dataframe_split": {"data": [[1], [2]]}}', 2),
        (MLFLOW, b'{"dataframe_records": [{}, {}, {}]}', 3),
        (MLFLOW, b'{"instances": [1, 2, 3, 4]}', 4),
        (MLFLOW, b'{"inputs": {"a": [1, 2], "b": [1]}}', 2),
        (MLFLOW, b'{"inputs": {}}', 1),
        (MLFLOW, b'{"inputs": 3}', 1),
        (MLFLOW, b"{", 1),
        (MLFLOW, b"\xff\xfe", 1),
        (MLFLOW, b"[" * 5000, 1),
        (MLFLOW, b'{"instances": [' + b"[0]," * (CHEAP // 4) + b"[0]]}", MOST_ROWS),
    ],
)
def test_rows_are_counted_from_any_body(protocol, body, rows):
    assert protocol.rows(body) == rows


def test_the_model_is_called_as_the_caller_knows_it():
    body = b'{"model_name": "a \\"b\\" \\u00e9", "model_version": "1", "outputs": []}'
    renamed = V2.renamed(body, "digits")
    assert json.loads(renamed) == {"model_name": "digits", "model_version": "1", "outputs": []}
    for other in (b"", b"[]", b'{"outputs": []}'):
        assert V2.renamed(other, "digits") == other


@pytest.mark.parametrize(
    ("text", "slug", "version", "alias"),
    [
        ("digits", "digits", None, None),
        ("digits@3", "digits", 3, None),
        ("digits@champion", "digits", None, "champion"),
        ("digits@", "", None, None),
        ("@3", "", None, None),
        ("a b", "", None, None),
        ("digits\n", "", None, None),
        ("digits@9999999999", "", None, None),
    ],
)
def test_names(text, slug, version, alias):
    wanted = read_name(text)
    assert (wanted.slug, wanted.version, wanted.alias) == (slug, version, alias)


def test_routes():
    assert find("/v2/models/m/versions/2/infer").model.version == 2
    assert find("/v2/models/m").verb == "describe"
    assert find("/serve/m/invocations").protocol is MLFLOW
    for path in ("/", "/v2/models", "/v2/models/m/other", "/serve/m", "/serve/m/x", "/v3"):
        assert find(path) is None
