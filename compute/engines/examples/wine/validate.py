"""Third step: judge the model on what was held back; too bad a one fails the step."""

import json
import pickle
import sys

import pandas as pd
from wine import folder

LEAST = 0.9  # of the wines held back must be told right


def main() -> None:
    rows = pd.read_csv(folder() / "held-back.csv")
    model = pickle.loads((folder() / "model.pickle").read_bytes())  # written by `train`
    told = model.predict(rows.drop(columns="target"))
    accuracy = float((told == rows["target"]).mean())
    print(f"accuracy {accuracy:.3f} on {len(rows)} wines held back", flush=True)
    (folder() / "metrics.json").write_text(json.dumps({"accuracy": accuracy}))
    if accuracy < LEAST:
        sys.exit(f"accuracy is below {LEAST}: this model is not registered")


if __name__ == "__main__":
    main()
