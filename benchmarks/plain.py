"""The peer to compare with: the portal's passage alone, which hands on and decides nothing."""

import os

from portal.web.passage import Passage


async def nothing(scope, receive, send) -> None:
    """Nothing stands behind it."""


application = Passage(nothing, os.environ["BENCH_UPSTREAM"])
