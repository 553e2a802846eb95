"""Addresses of service_levels: pages and REST resources."""

from django.urls import path

from marketplace.service_levels import api, views

app_name = "service_levels"
urlpatterns = [
    path("service-levels/", views.Levels.as_view(), name="list"),
    path("models/<slug:slug>/service-level/", views.OnModel.as_view(), name="on_model"),
    path("models/<slug:slug>/service-level/summary/", views.Summary.as_view(), name="summary"),
    path("models/<slug:slug>/service-level/edit/", views.Promise.as_view(), name="promise"),
]
api_routes = [("service-levels", api.ServiceLevels, "service-level")]
