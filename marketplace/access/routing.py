"""Addresses of live pages."""

from django.urls import path

from marketplace.access import live

live_urls: list = [path("live/requests/<uuid:pk>/", live.RequestLive.as_asgi())]
