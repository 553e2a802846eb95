"""Addresses of live pages."""

from django.urls import path

from compute.jobs import live, plan_live

live_urls: list = [
    path("live/jobs/<uuid:pk>/", live.JobLive.as_asgi()),
    path("live/pipelines/<uuid:pk>/", plan_live.PipelineLive.as_asgi()),
]
