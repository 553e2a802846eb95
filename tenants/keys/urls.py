"""Addresses of keys: pages and REST resources."""

from django.urls import path

from tenants.keys import views
from tenants.keys.api import KeyViewSet

app_name = "keys"
urlpatterns = [
    path("keys/", views.Keys.as_view(), name="list"),
    path("keys/new/", views.MakeKey.as_view(), name="make"),
    path("keys/<uuid:pk>/", views.Key.as_view(), name="key"),
    path("keys/<uuid:pk>/rotate/", views.RotateKey.as_view(), name="rotate"),
    path("keys/<uuid:pk>/revoke/", views.RevokeKey.as_view(), name="revoke"),
]
api_routes = [("api-keys", KeyViewSet, "apikey")]
