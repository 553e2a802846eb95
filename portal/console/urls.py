"""Addresses of console: pages and REST resources."""

app_name = "console"
urlpatterns: list = []
api_routes: list = []
