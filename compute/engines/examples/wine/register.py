"""Last step: log the model to MLflow, with its card and the tenant that it is proposed to."""

import json
import os
import pickle
from importlib.metadata import version

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from wine import folder

NAME = "wine-cultivar"
PACKAGES = ("mlflow", "numpy", "pandas", "scikit-learn", "scipy", "skops")
TAGS = {
    "millwright.tenant": "vision",
    "millwright.title": "Wine cultivar",
    "millwright.summary": "Which of three cultivars a wine was made of, by 13 measures.",
    "millwright.task": "tabular-classification",
    "millwright.framework": "scikit-learn",
    "millwright.data_class": "internal",
    "millwright.region": "eu-central",
    "millwright.licence": "CC BY 4.0",
}
CARD = """\
Tells which of three cultivars a wine was made of, from thirteen chemical measures.

## What it is for

- Trying a pipeline from data to catalogue: it trains in seconds

## What it is not for

- Wines of other regions: it has never seen one

## Data

178 wines of one region in Italy (UCI, 1991). A quarter, drawn with a fixed seed and the same
share of each cultivar, was held back; every figure under *Metrics* was measured on it.
"""


def main() -> None:
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    client = mlflow.MlflowClient()
    metrics = json.loads((folder() / "metrics.json").read_text())
    model = pickle.loads((folder() / "model.pickle").read_bytes())  # written by `train`
    example = pd.read_csv(folder() / "held-back.csv").drop(columns="target").head(2)
    _describe(client)
    mlflow.set_experiment("wine-pipeline")
    with mlflow.start_run(run_name=f"{NAME} pipeline", tags={"mlflow.user": "owner"}):
        mlflow.log_params({"estimator": "LogisticRegression", "seed": 7, "test_share": 0.25})
        mlflow.log_metrics(metrics)
        number = _log(model, example)
    client.set_registered_model_alias(NAME, "champion", number)
    score = f"On the quarter held back: accuracy {metrics['accuracy']:.3f}."
    client.update_model_version(NAME, number, score)
    print(f"registered {NAME} version {number}", flush=True)


def _describe(client: mlflow.MlflowClient) -> None:
    """The tags go first, so that the model is proposed to its tenant from its first second."""
    try:
        client.create_registered_model(NAME, TAGS, CARD)
    except MlflowException as wrong:
        if wrong.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _log(model, example: pd.DataFrame) -> str:
    logged = mlflow.sklearn.log_model(
        model,
        name="model",
        serialization_format="skops",
        input_example=example,
        signature=infer_signature(example, model.predict(example)),
        pip_requirements=[f"{package}=={version(package)}" for package in PACKAGES],
        registered_model_name=NAME,
        await_registration_for=60,
    )
    return str(logged.registered_model_version)


if __name__ == "__main__":
    main()
