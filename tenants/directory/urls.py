"""Addresses of directory: pages and REST resources."""

app_name = "directory"
urlpatterns: list = []
api_routes: list = []
