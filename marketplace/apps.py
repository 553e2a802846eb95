"""The storey `marketplace` as a Django app."""

from importlib import import_module

from django.apps import AppConfig

CONNECTED = (
    "marketplace.access.key_reach",
    "marketplace.access.frame",
    "marketplace.access.receivers",
    "marketplace.catalog.frame",
    "marketplace.catalog.price_reach",
    "marketplace.feedback.frame",
    "marketplace.imports.frame",
    "marketplace.service_levels.frame",
    "marketplace.service_levels.receivers",
)


class MarketplaceConfig(AppConfig):
    name = "marketplace"

    def ready(self) -> None:
        for module in CONNECTED:
            import_module(module)
