"""Which pages may open a socket: our own, by host and port, since no token guards a handshake."""

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host


class OurPagesOnly:
    """Refuses a handshake whose Origin is not where the portal itself was opened.

    Cookies ignore ports, so another program on the same machine would otherwise listen as the
    person who looks at its page.
    """

    def __init__(self, inner):
        self.inner = inner

    async def __call__(self, scope, receive, send):
        if is_ours(scope.get("headers", ())):
            return await self.inner(scope, receive, send)
        return await WebsocketDenier()(scope, receive, send)


def is_ours(headers) -> bool:
    """Whether the one Origin is the address that was asked, or one that settings trust."""
    origins = [value for name, value in headers if name == b"origin"]
    hosts = [value for name, value in headers if name == b"host"]
    if len(origins) != 1 or len(hosts) != 1:
        return False
    origin, host = origins[0].decode("latin-1").lower(), hosts[0].decode("latin-1").lower()
    if origin in {settings.PORTAL_URL.lower(), *map(str.lower, settings.CSRF_TRUSTED_ORIGINS)}:
        return True
    domain, _ = split_domain_port(host)
    if not validate_host(domain, settings.ALLOWED_HOSTS):
        return False
    return origin in (f"http://{host}", f"https://{host}")
