"""The storey `marketplace` as a Django app."""

from django.apps import AppConfig


class MarketplaceConfig(AppConfig):
    name = "marketplace"
