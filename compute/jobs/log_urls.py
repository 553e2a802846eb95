"""Addresses of what is shown of a job's log and of its hardware; `urls` takes them in."""

from django.urls import path

from compute.jobs.views import log, measures

patterns = [
    path("jobs/<uuid:pk>/log/", log.Log.as_view(), name="log"),
    path("jobs/<uuid:pk>/log/find/", log.LogFind.as_view(), name="log_find"),
    path("jobs/<uuid:pk>/log/download/", log.LogDownload.as_view(), name="log_download"),
    path("jobs/<uuid:pk>/measures/", measures.Measures.as_view(), name="measures"),
]
