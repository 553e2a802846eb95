"""Runs the supervisor on the stand-in portal; what to do comes by the environment."""

import dataclasses
import sys
from pathlib import Path

from portal.local import supervisor
from portal.local.console import Console
from portal.local.errors import LocalError
from portal.local.plan import read_plan

STAND_IN = Path(__file__).with_name("stand_in")

if __name__ == "__main__":
    try:
        supervisor.run(dataclasses.replace(read_plan(), checkout=STAND_IN), Console())
    except LocalError as problem:
        sys.exit(f"Millwright did not start: {problem}")
