"""Addresses of service_levels: pages and REST resources."""

app_name = "service_levels"
urlpatterns: list = []
api_routes: list = []
