"""Every address of a live page."""

from compute.jobs.plan_routing import live_urls as pipelines
from marketplace.access.routing import live_urls as access
from portal.notices.routing import live_urls as notices

live_urls = [*notices, *access, *pipelines]
