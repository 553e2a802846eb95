"""Second step: fit in rounds, each written down, so that no interruption loses one."""

import os
import pickle
import time
import warnings
from pathlib import Path

import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from wine import folder

ROUNDS, STEPS = 10, 2  # rounds, and the steps of the solver in each
PAUSE = 0.5  # seconds after a round, so that people see it move


def main() -> None:
    warnings.simplefilter("ignore", ConvergenceWarning)  # it is meant to stop early, each round
    rows = pd.read_csv(folder() / "train.csv")
    x, y = rows.drop(columns="target"), rows["target"]
    scaler = StandardScaler().fit(x)
    saved = Path(os.environ["MILLWRIGHT_CHECKPOINT"]) / "fit.pickle"
    done, fit = 0, LogisticRegression(warm_start=True, max_iter=STEPS)
    if saved.exists():
        done, fit = pickle.loads(saved.read_bytes())  # our own, of the attempt before
        print(f"going on from a checkpoint after round {done}", flush=True)
    for number in range(done + 1, ROUNDS + 1):
        fit.fit(scaler.transform(x), y)
        loss = log_loss(y, fit.predict_proba(scaler.transform(x)))
        _write(saved, (number, fit))
        print(f"round {number}: loss {loss:.4f}, checkpoint written", flush=True)
        print(f"millwright: progress {number}/{ROUNDS}", flush=True)
        time.sleep(PAUSE)
    _write(folder() / "model.pickle", make_pipeline(scaler, fit))


def _write(path: Path, thing) -> None:
    whole = path.with_suffix(".new")
    whole.write_bytes(pickle.dumps(thing))
    whole.replace(path)


if __name__ == "__main__":
    main()
