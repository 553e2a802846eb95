"""The serving engine that the settings name; one client per process."""

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from compute.engines.base import ServingEngine


@cache
def _made(path: str, address: str, token: str) -> ServingEngine:
    made = import_string(path)
    return made(address, token) if address else made()


def engine() -> ServingEngine:
    """A client of the model host; an engine without an address takes no arguments."""
    return _made(settings.SERVING_ENGINE, settings.MODEL_HOST_URL, settings.MODEL_HOST_TOKEN)
