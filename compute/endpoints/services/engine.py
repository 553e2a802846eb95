"""The serving engine that the settings name; one client per process."""

import inspect
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from compute.engines.base import EngineUnavailable, ServingEngine


@cache
def _made(path: str, address: str, token: str) -> ServingEngine:
    made = import_string(path)
    if not inspect.signature(made).parameters:
        return made()
    if not address:
        raise EngineUnavailable("There is no model host: MODEL_HOST_URL is not set.")
    return made(address, token)


def engine() -> ServingEngine:
    """A client of the model host; an engine whose constructor takes nothing is given nothing.

    Raises `EngineUnavailable` where no address is set."""
    return _made(settings.SERVING_ENGINE, settings.MODEL_HOST_URL, settings.MODEL_HOST_TOKEN)
