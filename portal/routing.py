"""Every address of a live page."""

from compute.capacity.routing import live_urls as capacity
from marketplace.access.routing import live_urls as access
from portal.notices.routing import live_urls as notices

live_urls = [*notices, *access, *capacity]
