"""The verbs of endpoints."""

from compute.endpoints.services.converging import converge
from compute.endpoints.services.deploying import ALL, deploy, scale, start, stop
from compute.endpoints.services.engine import engine
from compute.endpoints.services.sweeping import follow, keep_served

__all__ = [
    "ALL",
    "converge",
    "deploy",
    "engine",
    "follow",
    "keep_served",
    "scale",
    "start",
    "stop",
]
