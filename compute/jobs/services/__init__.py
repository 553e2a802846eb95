"""The verbs of jobs."""

from compute.jobs.services.asking import asks_of, retry, submit
from compute.jobs.services.converging import converge, visit
from compute.jobs.services.estimating import (
    Forecast,
    estimate,
    forecast,
    record_of,
    told_estimate,
)
from compute.jobs.services.estimating import refresh as refresh_estimates
from compute.jobs.services.following import pause_estimates
from compute.jobs.services.idling import keep, stop_at
from compute.jobs.services.idling import kept as is_kept
from compute.jobs.services.idling import reclaim as reclaim_idle
from compute.jobs.services.metering import costs_so_far, meter_of
from compute.jobs.services.needs import ASKS
from compute.jobs.services.ordering import order
from compute.jobs.services.pipelines import cancel_pipeline, restart_pipeline, start_pipeline
from compute.jobs.services.series import submit_series
from compute.jobs.services.stepping import converge_pipeline, sweep_pipelines
from compute.jobs.services.sweeping import sweep
from compute.jobs.services.templates import (
    change_template,
    require_in_use,
    shelve_template,
    write_template,
)
from compute.jobs.services.together import converge_all, settle_together, visit_together
from compute.jobs.services.wishing import cancel, cancel_all, cancel_series, prioritise

__all__ = [
    "ASKS",
    "Forecast",
    "asks_of",
    "cancel",
    "cancel_all",
    "cancel_series",
    "cancel_pipeline",
    "change_template",
    "converge",
    "converge_all",
    "converge_pipeline",
    "costs_so_far",
    "estimate",
    "forecast",
    "is_kept",
    "keep",
    "meter_of",
    "order",
    "prioritise",
    "reclaim_idle",
    "record_of",
    "refresh_estimates",
    "require_in_use",
    "pause_estimates",
    "restart_pipeline",
    "retry",
    "settle_together",
    "shelve_template",
    "start_pipeline",
    "stop_at",
    "submit",
    "submit_series",
    "sweep",
    "sweep_pipelines",
    "told_estimate",
    "visit",
    "visit_together",
    "write_template",
]
