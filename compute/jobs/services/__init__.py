"""The verbs of jobs."""

from compute.jobs.services.asking import asks_of, retry, submit
from compute.jobs.services.converging import converge
from compute.jobs.services.metering import cost_so_far, costs_so_far
from compute.jobs.services.needs import ASKS
from compute.jobs.services.sweeping import sweep
from compute.jobs.services.templates import change_template, shelve_template, write_template
from compute.jobs.services.wishing import cancel, prioritise

__all__ = [
    "ASKS",
    "asks_of",
    "cancel",
    "change_template",
    "converge",
    "cost_so_far",
    "costs_so_far",
    "prioritise",
    "retry",
    "shelve_template",
    "submit",
    "sweep",
    "write_template",
]
