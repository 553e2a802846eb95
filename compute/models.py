"""Table of contents for Django."""

from compute.capacity.models import Cluster, GpuFlavour, Node, Queue, Quota
from compute.endpoints.models import Endpoint, Route, ServingRuntime
from compute.jobs.models import (
    Attempt,
    Estimate,
    Happening,
    Job,
    Lease,
    LogLine,
    Measure,
    Pipeline,
    Receipt,
    Run,
    Step,
    Template,
)

__all__ = [
    "Attempt",
    "Cluster",
    "Endpoint",
    "Estimate",
    "GpuFlavour",
    "Happening",
    "Job",
    "Lease",
    "LogLine",
    "Measure",
    "Node",
    "Pipeline",
    "Queue",
    "Quota",
    "Receipt",
    "Route",
    "Run",
    "ServingRuntime",
    "Step",
    "Template",
]
