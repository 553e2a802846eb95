"""The nouns of jobs."""

from compute.jobs.models.job import Job, JobQuerySet, OfTenant
from compute.jobs.models.lease import Lease
from compute.jobs.models.pipeline import Pipeline, Step, Template
from compute.jobs.models.running import Attempt, Receipt, Run, RunEnd
from compute.jobs.models.story import Estimate, Happening, LogLine, Measure

__all__ = [
    "Attempt",
    "Estimate",
    "Happening",
    "Job",
    "JobQuerySet",
    "Lease",
    "LogLine",
    "Measure",
    "OfTenant",
    "Pipeline",
    "Receipt",
    "Run",
    "RunEnd",
    "Step",
    "Template",
]
