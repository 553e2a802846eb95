"""Addresses of chargeback: pages and REST resources."""

app_name = "chargeback"
urlpatterns: list = []
api_routes: list = []
