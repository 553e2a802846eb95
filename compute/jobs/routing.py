"""Addresses of live pages."""

from django.urls import path

from compute.jobs import live

live_urls: list = [path("live/jobs/<uuid:pk>/", live.JobLive.as_asgi())]
