"""A model host with a child that leaves its process group and heeds no polite signal."""

import json
import os
import pathlib
import subprocess
import sys
import time

STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"

if __name__ == "__main__":
    child = subprocess.Popen([sys.executable, "-c", STUBBORN], start_new_session=True)
    told = {"names": sorted(os.environ), "child": child.pid}
    pathlib.Path(os.environ["MILLWRIGHT_VAR"], "model-host.json").write_text(json.dumps(told))
    time.sleep(600)
