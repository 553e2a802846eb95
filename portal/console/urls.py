"""Addresses of console: pages and REST resources."""

from django.urls import path

from portal.console import views

app_name = "console"
urlpatterns = [
    path("", views.Home.as_view(), name="home"),
    path("palette/", views.Palette.as_view(), name="palette"),
    path("counts/", views.Counts.as_view(), name="counts"),
    path("status/", views.Status.as_view(), name="status"),
    path("status/services/", views.Services.as_view(), name="services"),
    path("help/", views.Guide.as_view(), name="help"),
    path("help/recorded/", views.Guide.as_view(chapter="recorded"), name="recorded"),
]
api_routes: list = []
