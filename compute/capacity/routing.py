"""Addresses of live pages."""

from django.urls import path

from compute.capacity import live

live_urls: list = [path("live/capacity/", live.CapacityLive.as_asgi())]
