"""What is read from the artifacts of a version, and what is refused."""

import json
import secrets
import subprocess
import sys

import pytest

from marketplace.engines import mlflow as mlflow_engine
from marketplace.engines.mlmodel import BadArtifact, plain_json, read_mlmodel, read_requirements
from tests.engines.conftest import ROOT, run_trainer
from tests.engines.scientists import MlflowScientist

pytestmark = pytest.mark.xdist_group("engines")


def test_the_trainer_prints_a_line_for_each_model(training):
    assert [line["model"] for line in training] == [
        "breast-cancer-risk",
        "digits",
        "diabetes-progression",
    ]
    assert all(line["created"] and line["version"] == 1 for line in training)


def test_training_again_registers_nothing_unless_asked(registry, mlflow_url):
    (line,) = run_trainer(mlflow_url, "--only", "digits")
    assert (line["created"], line["version"]) == (False, 1)
    (line,) = run_trainer(mlflow_url, "--only", "diabetes-progression", "--new-version")
    assert (line["created"], line["version"]) == (True, 2)
    assert len(registry.versions("diabetes-progression")) == 2


def test_a_demo_model_tells_what_a_catalogue_needs(registry):
    model = next(model for model in registry.models() if model.name == "breast-cancer-risk")
    assert model.tags["millwright.tenant"] == "vision"
    assert model.aliases == {"champion": 1}
    for heading in ("## What it is for", "## What it is not for", "## Data", "## Limits"):
        assert heading in model.description


@pytest.mark.parametrize(
    ("name", "columns", "metric", "at_least"),
    [
        ("digits", 64, "accuracy", 0.95),
        ("breast-cancer-risk", 30, "roc_auc", 0.98),
        ("diabetes-progression", 10, "r2", 0.4),
    ],
)
def test_a_version_has_all_its_facts(registry, name, columns, metric, at_least):
    found = registry.version(name, 1)
    assert found.problems == ()
    assert len(found.signature["inputs"]) == columns
    assert {field["type"] for field in found.signature["inputs"]} == {"double"}
    assert len(found.input_example["dataframe_split"]["columns"]) == columns
    assert at_least < found.metrics[metric] <= 1
    assert found.parameters["seed"] == "7"
    assert found.flavours == ("python_function", "sklearn")
    assert any(line.startswith("scikit-learn==") for line in found.dependencies)
    assert len(found.data_sets) == 1
    assert found.python_version.startswith("3.")
    assert found.model_size_bytes > 1000
    assert (found.trained_by, found.status) == ("owner", "READY")
    json.dumps(found.facts, default=str, allow_nan=False)


def test_a_version_without_artifacts_says_what_is_missing(registry, mlflow_url):
    name = f"bare-{secrets.token_hex(4)}"
    number = MlflowScientist(mlflow_url).register(name)
    found = registry.version(name, number)
    assert found.problems == ("MLmodel is missing.",)
    assert found.signature is None


def test_a_hostile_version_is_read_as_text_and_harms_nothing(registry, mlflow_url):
    name = f"hostile-{secrets.token_hex(4)}"
    files = {
        "MLmodel": "flavors: {python_function: {loader_module: os, python_version: '<b>3'}}\n"
        'signature: {inputs: \'[{"type": "dou\'}\n'
        "saved_input_example_info: {serving_input_path: ../../../etc/passwd}\n",
        "requirements.txt": "# comment\nscikit-learn\n--index-url http://evil.example\n",
    }
    number = MlflowScientist(mlflow_url).register_files(name, files)
    found = registry.version(name, number)
    assert found.python_version == "<b>3"
    assert found.dependencies == ("scikit-learn", "--index-url http://evil.example")
    assert (found.signature, found.input_example) == (None, None)
    assert "The signature's inputs is not valid JSON." in found.problems
    assert any("passwd" in problem for problem in found.problems)


def test_an_artifact_that_is_too_large_is_left_out(registry, mlflow_url, monkeypatch):
    monkeypatch.setattr(mlflow_engine, "MAX_ARTIFACT", 4096)
    found = registry.version("digits", 1)
    assert found.problems == ("MLmodel is larger than 4 KiB.",)


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\nb: [*a, *a]",
        "!!python/object/apply:os.system [id]",
        "[" * 5000,
        "- just\n- a list",
        "a: b: c",
        "\x00",
    ],
)
def test_yaml_that_is_not_a_plain_mapping_is_refused(text):
    with pytest.raises(BadArtifact):
        read_mlmodel(text.encode())


def test_wrong_types_in_an_mlmodel_are_not_facts():
    text = "flavors: 7\nsignature: []\nmodel_size_bytes: true\nsaved_input_example_info: x\n"
    found = read_mlmodel(text.encode())
    assert (found.flavours, found.signature, found.model_size_bytes) == ((), None, None)
    assert found.example_path == ""


def test_tensors_and_params_of_a_signature_are_read():
    inputs = [{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 8, 8]}}]
    params = [{"name": "threshold", "type": "double", "default": 0.5, "shape": None}]
    body = {"signature": {"inputs": json.dumps(inputs), "params": json.dumps(params)}}
    found = read_mlmodel(json.dumps(body).encode()).signature
    wanted = {"name": None, "type": "float32", "shape": [-1, 8, 8], "required": True}
    assert found["inputs"] == [wanted]
    assert found["params"] == params


def test_text_and_numbers_fit_into_a_database():
    found = plain_json({"a\x00": ["\ud800", float("nan"), float("inf"), 1.5]})
    assert found == {"a\ufffd": ["?", None, None, 1.5]}
    assert read_requirements(b"\xff\n\n# no\n a \n") == ("\ufffd", "a")


def test_the_engine_brings_neither_mlflow_nor_django_into_the_process():
    code = (
        "import sys, marketplace.engines.mlflow, compute.engines.local_serving;"
        "print({'mlflow', 'django', 'pandas'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"
