"""Example requests for every kind of signature that a registry holds."""

from types import SimpleNamespace

import pytest

from marketplace.catalog.examples import example_requests, fields_of


def version(inputs, example=None):
    return SimpleNamespace(signature={"inputs": inputs} if inputs else None, input_example=example)


def columns(*types):
    return [{"name": f"c{n}", "type": kind, "shape": None} for n, kind in enumerate(types)]


def test_without_a_signature_nobody_can_say():
    assert example_requests("m", version(None)) == {}


@pytest.mark.parametrize(
    "example",
    [
        {"dataframe_split": {"columns": ["c0", "c1"], "data": [[1.5, 2], [3.5, 4]]}},
        {"dataframe_split": {"data": [[1.5, 2]]}},
        {"dataframe_records": [{"c0": 1.5, "c1": 2}]},
        {"inputs": {"c0": [1.5, 9.0], "c1": [2, 9]}},
        {"instances": [[1.5, 2]]},
    ],
)
def test_the_first_row_of_every_form_is_taken(example):
    found = example_requests("m", version(columns("double", "long"), example))
    assert found["mlflow"]["body"]["dataframe_split"]["data"] == [[1.5, 2]]
    assert [item["data"] for item in found["v2"]["body"]["inputs"]] == [[1.5], [2]]


@pytest.mark.parametrize(
    "example",
    [None, 7, [], {}, {"dataframe_split": 3}, {"dataframe_split": {"data": 4}}, {"inputs": "x"}],
)
def test_a_broken_example_is_replaced_by_plain_values(example):
    found = example_requests("m", version(columns("double", "string", "boolean"), example))
    assert found["mlflow"]["body"]["dataframe_split"]["data"] == [[0.0, "text", False]]


def test_many_numbers_go_as_one_matrix():
    body = example_requests("m", version(columns(*["double"] * 30)))["v2"]["body"]
    (sent,) = body["inputs"]
    assert (sent["shape"], sent["datatype"], len(sent["data"])) == ([1, 30], "FP64", 30)


def test_tensors_keep_their_shape():
    inputs = [{"name": None, "type": "float32", "shape": [-1, 2, 2]}]
    example = {"inputs": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]}
    found = example_requests("m", version(inputs, example))
    assert found["mlflow"]["body"] == {"inputs": [[[1, 2], [3, 4]]]}
    (sent,) = found["v2"]["body"]["inputs"]
    assert (sent["name"], sent["shape"], sent["data"]) == ("input-0", [1, 2, 2], [1, 2, 3, 4])
    fixed = [{"name": "x", "type": "int64", "shape": [3]}]
    assert example_requests("m", version(fixed))["mlflow"]["body"] == {"inputs": [0, 0, 0]}


def test_what_v2_cannot_say_is_left_out():
    found = example_requests("m", version(columns("double", "object")))
    assert set(found) == {"mlflow"}


def test_a_form_knows_what_to_ask_for():
    kinds = [field.kind for field in fields_of(version(columns("double", "long", "boolean")))]
    assert kinds == ["number", "integer", "boolean"]
