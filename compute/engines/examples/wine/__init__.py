"""An example of a pipeline: prepare, train, validate and register a classifier of wines.

Run as `python -m wine.prepare` and so on, each a job. Files go through the folder that
MILLWRIGHT_PIPELINE_DIR names. The programs know nothing of the portal: registering is a call of
MLflow, at MLFLOW_TRACKING_URI.
"""

import os
from pathlib import Path


def folder() -> Path:
    """What the steps share."""
    return Path(os.environ["MILLWRIGHT_PIPELINE_DIR"])
