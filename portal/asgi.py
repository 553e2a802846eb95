"""The portal as an ASGI application: pages and API, live pages, and the way to the gateway."""

import gc
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.local")
django.setup()

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402

from portal.routing import elsewhere, live_urls  # noqa: E402
from portal.web.origin import OurPagesOnly  # noqa: E402
from portal.web.passage import Passage  # noqa: E402

passage = Passage(get_asgi_application(), settings.GATEWAY_URL)
application = ProtocolTypeRouter(
    {
        "lifespan": passage,
        "http": passage,
        "websocket": OurPagesOnly(AuthMiddlewareStack(URLRouter([*live_urls, elsewhere]))),
    }
)

# What was loaded stays: a collector that walks it again every few requests takes a quarter of
# their time. What a request leaves behind is mostly gone by itself.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 20)
