"""Addresses of access: pages and REST resources."""

app_name = "access"
urlpatterns: list = []
api_routes: list = []
