"""Trains the demo models and registers them in MLflow, as a data scientist would."""

import argparse
import json
import os
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version as installed

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split

from marketplace.engines.demo_models import DEMO_MODELS, DemoModel

EXPERIMENT = "demo-models"
TRAINED_BY = "owner"
SEED = 7
PACKAGES = ("mlflow", "numpy", "pandas", "scikit-learn", "scipy", "skops")


def main(arguments: Sequence[str] | None = None) -> None:
    """Train what is asked for; print one JSON line per model."""
    names = [model.name for model in DEMO_MODELS]
    parser = argparse.ArgumentParser(
        prog="python -m marketplace.engines.demo_trainer",
        description="Trains the demo models and registers them in MLflow. Safe to run again: a "
        "model that is already registered is left as it is.",
    )
    parser.add_argument("--tracking-uri", required=True, help="address of the MLflow server")
    parser.add_argument("--only", action="append", choices=names, help="train this one alone")
    parser.add_argument(
        "--new-version", action="store_true", help="add a version to a model that exists"
    )
    chosen = parser.parse_args(arguments)
    for line in train(chosen.tracking_uri, chosen.only or names, chosen.new_version):
        print(json.dumps(line), flush=True)


def train(tracking_uri: str, names: Sequence[str], new_version: bool = False) -> Iterator[dict]:
    """Yield `{"model", "version", "created", "seconds", "metrics"}` for each model asked for."""
    # The client's own progress lines would mix with ours on standard output.
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    mlflow.set_tracking_uri(tracking_uri)
    mlflow.set_registry_uri(tracking_uri)
    client = MlflowClient(tracking_uri, tracking_uri)
    for recipe in DEMO_MODELS:
        if recipe.name not in names:
            continue
        began = time.monotonic()
        number = champion(client, recipe.name)
        metrics: dict[str, float] = {}
        if created := number is None or new_version:
            number, metrics = _register(client, recipe)
        yield {
            "model": recipe.name,
            "version": number,
            "created": created,
            "seconds": round(time.monotonic() - began, 1),
            "metrics": metrics,
        }


def champion(client: MlflowClient, name: str) -> int | None:
    """The version behind the alias `champion`, or None: then training has yet to be finished."""
    try:
        return int(client.get_model_version_by_alias(name, "champion").version)
    except MlflowException as wrong:
        # An alias that points nowhere is a bad parameter to MLflow, not a missing thing.
        if wrong.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
            return None
        raise


def _register(client: MlflowClient, recipe: DemoModel) -> tuple[int, dict[str, float]]:
    x, y = recipe.load()
    kept = y if recipe.stratified else None
    x_train, x_test, y_train, y_test = train_test_split(
        x, y, test_size=0.25, random_state=SEED, stratify=kept
    )
    model = recipe.estimator().fit(x_train, y_train)
    metrics = {name: float(v) for name, v in recipe.judge(model, x_test, y_test).items()}
    mlflow.set_experiment(EXPERIMENT)
    by = {"mlflow.user": TRAINED_BY}
    with mlflow.start_run(run_name=f"{recipe.name} training", tags=by):
        mlflow.log_params({**recipe.parameters, "seed": SEED, "test_share": 0.25})
        mlflow.log_params({"rows_train": len(x_train), "rows_test": len(x_test)})
        mlflow.log_metrics(metrics)
        for part, rows in (("training", x_train), ("testing", x_test)):
            given = mlflow.data.from_pandas(rows, name=recipe.data_set)
            mlflow.log_input(given, context=part)
        # The tags go first, so that the model is proposed to its tenant from its first second.
        _describe(client, recipe)
        number = _log(recipe, model, x_test.head(2))
    client.set_registered_model_alias(recipe.name, "champion", str(number))
    score = ", ".join(f"{name} {value:.3f}" for name, value in metrics.items())
    client.update_model_version(recipe.name, str(number), f"On the quarter held back: {score}.")
    return number, metrics


def _describe(client: MlflowClient, recipe: DemoModel) -> None:
    try:
        client.create_registered_model(recipe.name, recipe.tags, recipe.card)
    except MlflowException as wrong:
        if wrong.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _log(recipe: DemoModel, model: BaseEstimator, example: object) -> int:
    predict = getattr(model, recipe.predict_with)
    logged = mlflow.sklearn.log_model(
        model,
        name="model",
        serialization_format="skops",
        skops_trusted_types=recipe.trusted_types or None,
        pyfunc_predict_fn=recipe.predict_with,
        signature=infer_signature(example, predict(example)),
        input_example=example,
        pip_requirements=[f"{package}=={installed(package)}" for package in PACKAGES],
        registered_model_name=recipe.name,
        await_registration_for=60,
    )
    return int(logged.registered_model_version)


if __name__ == "__main__":
    main()
