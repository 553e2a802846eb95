"""Addresses of endpoints: pages and REST resources."""

app_name = "endpoints"
urlpatterns: list = []
api_routes: list = []
