"""Addresses of notices: pages and REST resources."""

app_name = "notices"
urlpatterns: list = []
api_routes: list = []
