"""`python -m portal.local run`: the portal with everything it needs, on this machine."""

import argparse
import sys

import psycopg
import redis

from portal.local.console import Console
from portal.local.errors import LocalError
from portal.local.plan import read_plan
from portal.local.supervisor import run


def main(arguments: list[str] | None = None) -> int:
    """0 after an orderly stop, 1 with one line on standard error when it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m portal.local", description=__doc__)
    parser.add_argument("verb", choices=["run"], help="start everything, stay until Ctrl-C")
    parser.parse_args(arguments)
    try:
        run(read_plan(), Console())
    except LocalError as problem:
        return _say(str(problem))
    except (OSError, psycopg.Error, redis.RedisError) as problem:
        return _say(f"{type(problem).__name__}: {' '.join(str(problem).split())[:300]}")
    return 0


def _say(problem: str) -> int:
    sys.stderr.write(f"Millwright did not start: {problem}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
