"""The storey `compute` as a Django app."""

from django.apps import AppConfig


class ComputeConfig(AppConfig):
    name = "compute"
