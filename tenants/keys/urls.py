"""Addresses of keys: pages and REST resources."""

app_name = "keys"
urlpatterns: list = []
api_routes: list = []
