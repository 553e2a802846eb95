"""Addresses of live pages."""

from django.urls import path

from portal.notices import live

live_urls: list = [path("live/me/", live.Me.as_asgi())]
