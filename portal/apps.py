"""The storey `portal` as a Django app."""

from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from portal.core.privileges import hand_out


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        post_migrate.connect(hand_out, sender=self, dispatch_uid="privileges")
        for room in ("notices", "audit", "console"):
            import_module(f"portal.{room}.frame")
