"""Addresses of catalog: pages and REST resources."""

app_name = "catalog"
urlpatterns: list = []
api_routes: list = []
