"""Every address of the portal."""

from django.contrib import admin
from django.urls import include, path
from rest_framework.routers import DefaultRouter

from compute.capacity import urls as capacity
from compute.endpoints import urls as endpoints
from compute.jobs import urls as jobs
from marketplace.access import urls as access
from marketplace.catalog import urls as catalog
from marketplace.feedback import urls as feedback
from marketplace.imports import urls as imports
from marketplace.service_levels import urls as service_levels
from portal.api.docs import Docs, Document
from portal.audit import urls as audit
from portal.console import urls as console
from portal.notices import urls as notices
from portal.web.health import healthz, readyz
from tenants.chargeback import urls as chargeback
from tenants.directory import urls as directory
from tenants.keys import urls as keys

MARKET = [catalog, access, service_levels, feedback, imports]
RUN = [capacity, endpoints, jobs]
ROOMS = [*MARKET, keys, chargeback, *RUN, directory, audit, notices, console]

router = DefaultRouter(use_regex_path=True)
router.include_root_view = False
router.include_format_suffixes = False
for room in ROOMS:
    for prefix, viewset, name in room.api_routes:
        router.register(prefix, viewset, basename=name)

api = [
    *router.urls,
    path("schema/", Document.as_view(), name="schema"),
    path("docs/", Docs.as_view(), name="docs"),
]
urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("accounts/", include("tenants.directory.entrance")),
    path("admin/", admin.site.urls),
    path("api/v1/", include((api, "api"))),
    *[path("", include(room)) for room in ROOMS],
]
handler404 = "portal.web.faults.not_found"
handler500 = "portal.web.faults.broken"
