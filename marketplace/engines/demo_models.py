"""The three demo models: their data, how each is trained, and their model cards."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    mean_absolute_error,
    r2_score,
    recall_score,
    roc_auc_score,
    root_mean_squared_error,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

Frame = tuple[pd.DataFrame, pd.Series]


@dataclass(frozen=True)
class DemoModel:
    """A recipe: what to train on, with what, how to judge it, and what to say about it."""

    name: str
    load: Callable[[], Frame]
    estimator: Callable[[], BaseEstimator]
    judge: Callable[[BaseEstimator, pd.DataFrame, pd.Series], dict[str, float]]
    parameters: dict[str, object]
    tags: dict[str, str]
    card: str
    data_set: str
    predict_with: str = "predict"
    stratified: bool = True
    trusted_types: list[str] = field(default_factory=list)


def _cells() -> Frame:
    data = load_breast_cancer(as_frame=True)
    return data.data, (data.target == 0).astype(int).rename("malignant")


def _pixels() -> Frame:
    data = load_digits(as_frame=True)
    return data.data.astype(float), data.target.rename("digit")


def _patients() -> Frame:
    data = load_diabetes(as_frame=True, scaled=False)
    names = {
        "bp": "blood_pressure",
        "s1": "total_cholesterol",
        "s2": "ldl",
        "s3": "hdl",
        "s4": "cholesterol_hdl_ratio",
        "s5": "log_triglycerides",
        "s6": "glucose",
    }
    return data.data.rename(columns=names).astype(float), data.target.rename("progression")


def _risk_estimator() -> BaseEstimator:
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.5, max_iter=1_000))


def _digit_estimator() -> BaseEstimator:
    return make_pipeline(StandardScaler(), SVC(C=10.0, gamma=0.01))


def _progression_estimator() -> BaseEstimator:
    return RandomForestRegressor(n_estimators=80, min_samples_leaf=8, random_state=7, n_jobs=1)


def _judge_risk(model: BaseEstimator, x: pd.DataFrame, y: pd.Series) -> dict[str, float]:
    chance = model.predict_proba(x)[:, 1]
    says = chance >= 0.5
    return {
        "accuracy": accuracy_score(y, says),
        "roc_auc": roc_auc_score(y, chance),
        "recall_malignant": recall_score(y, says),
        "f1": f1_score(y, says),
    }


def _judge_digits(model: BaseEstimator, x: pd.DataFrame, y: pd.Series) -> dict[str, float]:
    says = model.predict(x)
    per_digit = recall_score(y, says, average=None)
    return {
        "accuracy": accuracy_score(y, says),
        "f1_macro": f1_score(y, says, average="macro"),
        "recall_worst_digit": float(np.min(per_digit)),
    }


def _judge_progression(model: BaseEstimator, x: pd.DataFrame, y: pd.Series) -> dict[str, float]:
    says = model.predict(x)
    return {
        "r2": r2_score(y, says),
        "mae": mean_absolute_error(y, says),
        "rmse": root_mean_squared_error(y, says),
    }


def _tags(title: str, summary: str, task: str, data_class: str) -> dict[str, str]:
    return {
        "millwright.tenant": "vision",
        "millwright.title": title,
        "millwright.summary": summary,
        "millwright.task": task,
        "millwright.framework": "scikit-learn",
        "millwright.data_class": data_class,
        "millwright.region": "eu-central",
        "millwright.licence": "CC BY 4.0",
    }


RISK_CARD = """\
The chance that a breast mass is malignant, from 30 measurements of cell nuclei in a
fine-needle aspirate. Decision support only; a clinician decides.

## What it is for

- Second reading of aspirates in a clinic with a pathologist present
- Ordering a work list so that likely malignant cases are read first
- Research on measured features, with ethics approval on file

## What it is not for

- Telling a patient a result without a clinician
- Images: it takes measurements, not pixels
- Patients under 18: none are known to be in the training data

## What goes in and what comes out

Thirty numbers a case: radius, texture, perimeter, area, smoothness, compactness, concavity,
concave points, symmetry and fractal dimension, each as mean, standard error and worst value.
Two probabilities come back, benign first, malignant second; they add up to 1.

## Data

Breast Cancer Wisconsin (Diagnostic): 569 aspirates, 212 of them malignant, from one hospital.
A quarter, drawn with a fixed seed and the same share of malignant cases, was held back; every
figure under *Metrics* was measured on it.

## Limits

- One hospital and one way of measuring: check it on your own cases before you rely on it
- The probabilities are those of a logistic regression and were not calibrated again
- It answers for any 30 numbers, also for numbers that no aspirate ever had
"""

DIGITS_CARD = """\
Reads one handwritten digit from a scan of 8 × 8 grey pixels.

## What it is for

- Form routing and meter readings where one digit was cut out of the scan
- Trying the gateway: it is small, fast and its answer is easy to check by eye

## What it is not for

- Letters, several digits in one picture, or photographs
- Decisions about a person without a second look

## What goes in and what comes out

Sixty-four numbers a digit, `pixel_0_0` (top left) to `pixel_7_7` (bottom right), row by row,
each from 0 (paper) to 16 (ink). One whole number from 0 to 9 comes back.

## Data

Optical Recognition of Handwritten Digits: 1,797 digits by 13 writers. A quarter, drawn with a
fixed seed and the same share of each digit, was held back; every figure under *Metrics* was
measured on it.

## Limits

- Writers appear in both parts, so a new hand is read a little worse than the figures say
- It always answers with a digit, also for a smudge
"""

PROGRESSION_CARD = """\
A score of how far diabetes will have progressed in one year, from ten baseline values.
Research and planning only.

## What it is for

- Planning the size of a follow-up programme
- Research on the ten values, with ethics approval on file

## What it is not for

- Treating or refusing anyone: it explains about half of what differs between patients
- Insurance decisions about a person

## What goes in and what comes out

Ten numbers a patient: age in years, sex (1 or 2 as in the source), body mass index, mean
blood pressure, total cholesterol, LDL, HDL, the ratio of total cholesterol to HDL, the
logarithm of triglycerides, and glucose. One number comes back; in the data it ran from 25 to 346.

## Data

Efron, Hastie, Johnstone and Tibshirani, *Least Angle Regression* (2004): 442 patients. A
quarter, drawn with a fixed seed, was held back; every figure under *Metrics* was measured on it.

## Limits

- 442 patients of one study: too few to say anything about small groups
- It never predicts far outside what it saw, so extreme courses are drawn towards the middle
"""

DEMO_MODELS = (
    DemoModel(
        name="breast-cancer-risk",
        load=_cells,
        estimator=_risk_estimator,
        judge=_judge_risk,
        parameters={"estimator": "LogisticRegression", "C": 0.5, "scaling": "standard"},
        tags=_tags(
            "Breast cancer risk",
            "Benign or malignant from 30 cell-nucleus measurements. Decision support only.",
            "tabular-classification",
            "restricted",
        ),
        card=RISK_CARD,
        data_set="Breast Cancer Wisconsin (Diagnostic)",
        predict_with="predict_proba",
    ),
    DemoModel(
        name="digits",
        load=_pixels,
        estimator=_digit_estimator,
        judge=_judge_digits,
        parameters={"estimator": "SVC", "C": 10.0, "gamma": 0.01, "scaling": "standard"},
        tags=_tags(
            "Handwritten digits",
            "Reads one handwritten digit from a scan of 8 × 8 pixels.",
            "image-classification",
            "internal",
        ),
        card=DIGITS_CARD,
        data_set="Optical Recognition of Handwritten Digits",
    ),
    DemoModel(
        name="diabetes-progression",
        load=_patients,
        estimator=_progression_estimator,
        judge=_judge_progression,
        parameters={"estimator": "RandomForestRegressor", "n_estimators": 80, "min_leaf": 8},
        tags=_tags(
            "Diabetes progression",
            "One-year disease progression score from ten baseline values.",
            "tabular-regression",
            "confidential",
        ),
        card=PROGRESSION_CARD,
        data_set="Diabetes, Least Angle Regression",
        stratified=False,
        trusted_types=["sklearn.tree._tree.Tree"],
    ),
)
