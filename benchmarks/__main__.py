"""All measurements, one after the other, each in a process of its own; `make bench` calls this.

`make bench BENCH_ARGS=catalogue` measures one of them.
"""

import subprocess
import sys

ALL = ("gateway", "catalogue", "joblog", "waiting")

if __name__ == "__main__":
    chosen = [name for name in sys.argv[1:] if name in ALL] or ALL
    codes = [
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode
        for name in chosen
    ]
    sys.exit(max(codes))
