"""A job host that writes down what it was told and waits."""

import json
import os
import pathlib
import time

if __name__ == "__main__":
    told = {"names": sorted(os.environ)}
    pathlib.Path(os.environ["MILLWRIGHT_VAR"], "job-host.json").write_text(json.dumps(told))
    time.sleep(600)
