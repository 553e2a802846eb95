"""Signatures other than columns of numbers: tensors, text, dates, params, and none at all."""

import json

import numpy as np
import pandas as pd
import pytest
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec

from compute.engines.worker_inputs import BadInput, Signature
from compute.engines.worker_scoring import read_scoring, scoring_answer
from compute.engines.worker_v2 import describe_inputs, infer_answer, read_infer

MIXED = Signature.of(
    ModelSignature(
        Schema(
            [
                ColSpec("string", "name"),
                ColSpec("long", "age"),
                ColSpec("boolean", "member"),
                ColSpec("datetime", "since"),
                ColSpec("double", "score", required=False),
            ]
        ),
        params=ParamSchema([ParamSpec("threshold", "double", 0.5)]),
    )
)
PICTURE = Signature.of(ModelSignature(Schema([TensorSpec(np.dtype("float32"), (-1, 2, 2))])))
PAIR = Signature.of(
    ModelSignature(
        Schema(
            [
                TensorSpec(np.dtype("int64"), (-1,), "ids"),
                TensorSpec(np.dtype("float64"), (-1, 2), "points"),
            ]
        )
    )
)
PERSON = {"name": "Ada", "age": 36, "member": True, "since": "2026-11-23T10:00:00"}


def v2(name, datatype, data, shape=None):
    return {"name": name, "datatype": datatype, "shape": shape or [len(data)], "data": data}


def test_columns_get_the_types_of_the_signature():
    frame, params = read_scoring({"dataframe_records": [PERSON]}, MIXED)
    assert list(frame.columns) == ["name", "age", "member", "since"]
    assert frame["age"].dtype == np.int64
    assert frame["member"].dtype == bool
    assert frame["since"][0] == pd.Timestamp("2026-11-23T10:00:00")
    assert params is None


def test_one_tensor_for_each_column_and_params_by_name():
    sent = [
        v2("name", "BYTES", ["Ada"]),
        v2("age", "INT64", [36]),
        v2("member", "BOOL", [True]),
        v2("since", "BYTES", ["2026-11-23"]),
        v2("score", "FP64", [0.5], [1, 1]),
    ]
    about = {"threshold": 0.9, "binary_data_output": True}
    frame, params = read_infer({"inputs": sent, "parameters": about}, MIXED)
    assert frame["score"].tolist() == [0.5]
    assert params == {"threshold": 0.9}
    for signature, told in ((MIXED, "It has threshold."), (PICTURE, "It has none.")):
        with pytest.raises(BadInput, match=f"no parameter 'unknown'. {told}"):
            read_infer({"inputs": sent, "parameters": {"unknown": 1}}, signature)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"age": 36.5}, "whole number"),
        ({"age": None}, "a number is expected, not null"),
        ({"age": 2**70}, "too large"),
        ({"member": 1}, "true or false is expected, not a number"),
        ({"name": None}, "text is expected, not null"),
        ({"since": "yesterday"}, "a date as in"),
        ({"score": float("inf")}, "too large"),
    ],
)
def test_a_value_of_another_type_is_named(changes, words):
    with pytest.raises(BadInput, match=words):
        read_scoring({"dataframe_records": [{**PERSON, **changes}]}, MIXED)


def test_whole_numbers_may_come_as_floats_and_columns_the_model_ignores_are_left_out():
    frame, _ = read_scoring({"dataframe_records": [{**PERSON, "age": 36.0, "x": 1}]}, MIXED)
    assert frame["age"].tolist() == [36]
    assert "x" not in frame


def test_a_tensor_is_taken_in_both_protocols_and_its_shape_is_checked():
    picture = [[[1, 2], [3, 4]]]
    for data in (
        read_scoring({"instances": picture}, PICTURE)[0],
        read_infer({"inputs": [v2("x", "FP32", [1, 2, 3, 4], [1, 2, 2])]}, PICTURE)[0],
    ):
        assert data.dtype == np.float32
        assert data.tolist() == picture
    for bad in ([[1, 2]], [[[1, 2], [3]]], [[["a", "b"], ["c", "d"]]]):
        with pytest.raises(BadInput):
            read_scoring({"instances": bad}, PICTURE)
    with pytest.raises(BadInput, match="it should be"):
        read_infer({"inputs": [v2("x", "FP32", [1, 2], [1, 2])]}, PICTURE)


def test_several_tensors_come_by_name():
    sent = [v2("ids", "INT64", [7]), v2("points", "FP64", [1.0, 2.0], [1, 2])]
    data, _ = read_infer({"inputs": sent}, PAIR)
    assert {name: value.tolist() for name, value in data.items()} == {
        "ids": [7],
        "points": [[1.0, 2.0]],
    }
    with pytest.raises(BadInput, match="'points' is missing"):
        read_infer({"inputs": sent[:1]}, PAIR)
    with pytest.raises(BadInput, match="no input named 'more'"):
        read_infer({"inputs": [*sent, v2("more", "FP64", [1.0])]}, PAIR)
    with pytest.raises(BadInput, match="by name"):
        read_scoring({"instances": [[1]]}, PAIR)


def test_a_model_without_a_signature_takes_what_it_gets():
    silent = Signature.of(None)
    assert read_scoring({"instances": [[1, 2]]}, silent)[0].tolist() == [[1, 2]]
    data, _ = read_infer({"inputs": [v2("x", "FP32", [1, 2], [1, 2])]}, silent)
    assert (data.dtype, data.shape) == (np.float32, (1, 2))
    assert describe_inputs(silent) == [{"name": "input-0", "datatype": "FP64", "shape": [-1, -1]}]


def test_answers_hold_only_what_json_can_hold():
    odd = np.array([1.0, np.nan, np.inf])
    assert scoring_answer(odd) == {"predictions": [1.0, None, None]}
    frame = pd.DataFrame({"label": ["a"], "score": [np.nan]})
    assert scoring_answer(frame) == {"predictions": [{"label": "a", "score": None}]}
    label, score = infer_answer(frame, Signature(), None)
    assert label == {"name": "label", "datatype": "BYTES", "shape": [1], "data": ["a"]}
    assert score["data"] == [None]
    (texts,) = infer_answer([{"a": 1}], Signature(), None)
    assert (texts["datatype"], json.loads(texts["data"][0])) == ("BYTES", {"a": 1})
