"""The storey `compute` as a Django app."""

from importlib import import_module

from django.apps import AppConfig

CONNECTED = (
    "compute.capacity.frame",
    "compute.endpoints.card_reach",
    "compute.endpoints.frame",
    "compute.endpoints.receivers",
    "compute.jobs.money_reach",
    "compute.jobs.for_capacity",
    "compute.jobs.frame",
)


class ComputeConfig(AppConfig):
    name = "compute"

    def ready(self) -> None:
        for module in CONNECTED:
            import_module(module)
