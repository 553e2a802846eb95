"""Every address of the portal, read from the resolver and from the routing of live pages."""

import re
from dataclasses import dataclass

from django.urls import get_resolver
from django.urls.resolvers import RegexPattern, RoutePattern

from portal.routing import live_urls

CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")
CONSOLE = "/admin/"
NAMED_GROUP = re.compile(r"\(\?P<(\w+)>(?:[^()\\]|\\.)*\)")


@dataclass(frozen=True)
class Address:
    """A place: its path with `{names}` for what varies, and those names."""

    path: str
    names: tuple[str, ...]

    def at(self, values: dict) -> str:
        """The path for one row; names that the row does not have stay as they are."""
        return re.sub(r"{(\w+)}", lambda m: str(values.get(m[1], m[0])), self.path)


def portal_addresses() -> list[Address]:
    """Pages and REST resources, each once."""
    return [address for address in _all() if not address.path.startswith(CONSOLE)]


def console_addresses() -> list[Address]:
    """The console: its own pages, and those that every table has."""
    return [address for address in _all() if address.path.startswith(CONSOLE)]


def _all() -> list[Address]:
    found = {_address(route) for route in _routes(get_resolver(), "/")}
    return sorted(found, key=lambda address: address.path)


def live_addresses() -> list[Address]:
    """The sockets."""
    return [_address("/" + _plain(pattern.pattern)) for pattern in live_urls]


def _routes(resolver, before: str):
    for pattern in resolver.url_patterns:
        route = before + _plain(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _routes(pattern, route)
        else:
            yield route


def _plain(pattern) -> str:
    """A pattern as people write it: `models/{slug}/`."""
    if isinstance(pattern, RoutePattern):
        return CONVERTER.sub(r"{\1}", str(pattern))
    if isinstance(pattern, RegexPattern):
        text = NAMED_GROUP.sub(r"{\1}", str(pattern))
        return text.removeprefix("^").removesuffix("$").replace("\\.", ".").replace("\\-", "-")
    raise TypeError(f"No address can be read from {pattern!r}.")


def _address(path: str) -> Address:
    return Address(path, tuple(re.findall(r"{(\w+)}", path)))
