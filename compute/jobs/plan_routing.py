"""Addresses of the live pages of pipelines."""

from django.urls import path

from compute.jobs import plan_live

live_urls: list = [path("live/pipelines/<uuid:pk>/", plan_live.PipelineLive.as_asgi())]
