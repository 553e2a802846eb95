"""`python -m portal.local.cluster`: a Kubernetes to build and test against, on this machine."""

import argparse
import os
import sys
from pathlib import Path

from portal.local.cluster.api import ApiError
from portal.local.cluster.build import build
from portal.local.cluster.inventory import FOLDER, read_inventory
from portal.local.cluster.up import Cluster
from portal.local.console import Console
from portal.local.errors import LocalError
from portal.local.plan import CHECKOUT


def main(arguments: list[str] | None = None) -> int:
    """0 after an orderly stop, 1 with one line on standard error when it cannot start."""
    asked = _parser().parse_args(arguments)
    try:
        if asked.verb == "build":
            build(Console())
            return 0
        var = Path(os.environ.get("MILLWRIGHT_VAR") or CHECKOUT / "var").absolute()
        inventory = read_inventory(asked.inventory, nodes=asked.nodes)
        Cluster(var / "cluster", inventory, Console()).run(fresh=asked.fresh)
    except (LocalError, ApiError, OSError) as problem:
        sys.stderr.write(f"The cluster did not start: {problem}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    known = ", ".join(sorted(file.stem for file in FOLDER.glob("*.yaml")))
    parser = argparse.ArgumentParser(prog="make cluster", description=__doc__)
    parser.add_argument(
        "verb",
        nargs="?",
        choices=["up", "build"],
        default="up",
        help="start and stay until Ctrl-C, or only build what is missing",
    )
    parser.add_argument(
        "--inventory",
        default="campus",
        help=f"the fleet: {known}, or the path of a YAML or CSV (.gz) file",
    )
    parser.add_argument("--nodes", type=int, help="bring the same mix to so many nodes")
    parser.add_argument("--fresh", action="store_true", help="forget the state of the last start")
    return parser


if __name__ == "__main__":
    sys.exit(main())
