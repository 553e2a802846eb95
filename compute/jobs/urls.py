"""Addresses of jobs: pages and REST resources."""

from django.urls import path

from compute.jobs import api, plan_urls
from compute.jobs.log_urls import patterns as log_patterns
from compute.jobs.views import asking, lists, one, templates

app_name = "jobs"
urlpatterns = [
    *plan_urls.patterns,
    path("jobs/", lists.Jobs.as_view(), name="list"),
    path("jobs/new/", asking.NewJob.as_view(), name="new"),
    path("jobs/estimate/", asking.Estimate.as_view(), name="estimate"),
    path("jobs/cancel/", lists.CancelMany.as_view(), name="cancel_many"),
    path("jobs/templates/", templates.Templates.as_view(), name="templates"),
    path("jobs/templates/new/", templates.Keep.as_view(), name="template_new"),
    path("jobs/templates/<uuid:pk>/", templates.Change.as_view(), name="template"),
    path("jobs/templates/<uuid:pk>/archive/", templates.Shelve.as_view(), name="template_archive"),
    path(
        "jobs/templates/<uuid:pk>/restore/",
        templates.Shelve.as_view(back=True),
        name="template_restore",
    ),
    path("jobs/<uuid:pk>/", one.Detail.as_view(), name="detail"),
    path("jobs/<uuid:pk>/cancel/", one.Cancel.as_view(), name="cancel"),
    path("jobs/<uuid:pk>/cancel-series/", one.CancelSeries.as_view(), name="cancel_series"),
    path("jobs/<uuid:pk>/retry/", one.Retry.as_view(), name="retry"),
    path("jobs/<uuid:pk>/clone/", asking.Clone.as_view(), name="clone"),
    path("jobs/<uuid:pk>/priority/", one.Prioritise.as_view(), name="prioritise"),
    *log_patterns,
]
api_routes = [
    *plan_urls.api_routes,
    ("job-templates", api.Templates, "job-template"),
    ("jobs", api.Jobs, "job"),
]
