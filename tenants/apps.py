"""The storey `tenants` as a Django app."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"
