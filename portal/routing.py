"""Every address of a live page, and the refusal of all others."""

from channels.security.websocket import WebsocketDenier
from django.urls import re_path

from compute.capacity.routing import live_urls as capacity
from compute.jobs.routing import live_urls as jobs
from marketplace.access.routing import live_urls as access
from portal.notices.routing import live_urls as notices

live_urls = [*notices, *access, *capacity, *jobs]
elsewhere = re_path("", WebsocketDenier.as_asgi())  # comes last
