"""Addresses of endpoints: pages and REST resources."""

from django.urls import path

from compute.endpoints import api
from compute.endpoints.views import on_model, running

app_name = "endpoints"
urlpatterns = [
    path("endpoints/", running.Endpoints.as_view(), name="list"),
    path("endpoints/<uuid:pk>/", running.Detail.as_view(), name="detail"),
    path("endpoints/<uuid:pk>/state/", running.State.as_view(), name="state"),
    path("endpoints/<uuid:pk>/start/", running.Start.as_view(), name="start"),
    path("endpoints/<uuid:pk>/stop/", running.Stop.as_view(), name="stop"),
    path("models/<slug:slug>/deploy/", running.Deploy.as_view(), name="deploy"),
    path("models/<slug:slug>/try/", on_model.TryIt.as_view(), name="try_it"),
    path("models/<slug:slug>/use/", on_model.HowTo.as_view(), name="how_to"),
    path("models/<slug:slug>/usage/", on_model.ModelUsage.as_view(), name="model_usage"),
]
api_routes = [("endpoints", api.Endpoints, "endpoint")]
