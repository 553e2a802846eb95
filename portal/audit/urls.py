"""Addresses of audit: pages and REST resources."""

app_name = "audit"
urlpatterns: list = []
api_routes: list = []
