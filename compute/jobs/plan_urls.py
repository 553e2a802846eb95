"""Addresses of pipelines, and of keeping idle jobs."""

from django.urls import path

from compute.jobs import plan_api
from compute.jobs.views import pipelines

patterns = [
    path("jobs/pipelines/", pipelines.Pipelines.as_view(), name="pipelines"),
    path("jobs/pipelines/new/", pipelines.NewPipeline.as_view(), name="pipeline_new"),
    path("jobs/pipelines/<uuid:pk>/", pipelines.OnePipeline.as_view(), name="pipeline"),
    path(
        "jobs/pipelines/<uuid:pk>/cancel/",
        pipelines.CancelPipeline.as_view(),
        name="pipeline_cancel",
    ),
    path(
        "jobs/pipelines/<uuid:pk>/restart/",
        pipelines.RestartPipeline.as_view(),
        name="pipeline_restart",
    ),
    path("jobs/<uuid:pk>/keep/", pipelines.Keep.as_view(), name="keep"),
]
api_routes = [("pipelines", plan_api.Pipelines, "pipeline")]
