"""Addresses of notices: pages and REST resources."""

from django.urls import path

from portal.notices import api, views

app_name = "notices"
urlpatterns = [
    path("notices/", views.Notices.as_view(), name="list"),
    path("notices/bell/", views.Bell.as_view(), name="bell"),
    path("notices/newest/", views.Newest.as_view(), name="newest"),
    path("notices/read/", views.ReadAll.as_view(), name="read_all"),
    path("notices/<uuid:pk>/open/", views.OpenNotice.as_view(), name="open"),
]
api_routes = [("notifications", api.Notifications, "notification")]
