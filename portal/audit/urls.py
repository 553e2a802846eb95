"""Addresses of audit: pages and REST resources."""

from django.urls import path, re_path

from portal.audit import views
from portal.audit.api import EventViewSet

app_name = "audit"
urlpatterns = [
    path("audit/", views.Trail.as_view(), name="list"),
    re_path(r"^audit/export\.(?P<shape>csv|jsonl)$", views.Export.as_view(), name="export"),
    path("audit/events/<str:reference>/", views.OneEvent.as_view(), name="event"),
    path("audit/story/<str:kind>/<str:key>/", views.Story.as_view(), name="story"),
]
api_routes = [("audit/events", EventViewSet, "event")]
