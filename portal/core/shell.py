"""The frame around every page: what storeys put into the navigation, and who sees what of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from functools import cache

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property

VERBS = ("Use", "Publish", "Decide", "Pay", "Run", "Prove")
SHORTCUTS = 4
MOST_TOLD = 99  # a mark beside a link says no more than that there are more


@dataclass(frozen=True)
class Crumb:
    """One step above the page; without an address it is only text."""

    label: str
    href: str = ""


@dataclass(frozen=True)
class NavItem:
    """A link of the navigation; `tally` is what waits for this person, `short` is for phones."""

    label: str
    href: str
    icon: str
    tally: int | None = None
    current: bool = False
    short: str = ""


@dataclass(frozen=True)
class NavGroup:
    verb: str
    items: tuple[NavItem, ...]


@dataclass(frozen=True)
class Link:
    """Words that lead somewhere, such as the condition of the whole installation."""

    label: str
    href: str = ""
    good: bool = True


@dataclass(frozen=True)
class Entry:
    """What a storey registered: an item and who may see it."""

    verb: str
    order: int
    label: str
    url_name: str
    icon: str
    shown: Callable[[object], bool]
    tally: Callable[[object], int | None] | None
    short: str


@dataclass(frozen=True)
class Sources:
    """Where the rest of the frame comes from; an empty one leaves its part out.

    `*_url` are names of addresses without arguments. `unread(user)` counts notices,
    `tenants(user)` gives the objects (`pk`, `name`) to switch between, `condition()` a `Link`
    or None, `live` is the address of the socket that every page listens to.
    """

    unread: Callable[[object], int] | None = None
    tenants: Callable[[object], Iterable] | None = None
    condition: Callable[[], Link | None] | None = None
    notices_url: str = ""
    switch_url: str = ""
    search_url: str = ""
    palette_url: str = ""
    home_url: str = ""
    account_url: str = ""
    help_url: str = ""
    recorded_url: str = ""
    live: str = ""


SOURCES = frozenset(source.name for source in fields(Sources))


def _anybody(user) -> bool:
    return True


@dataclass
class Registry:
    """All entries of the navigation, by the name of their address; the last one counts."""

    entries: dict[str, Entry] = field(default_factory=dict)
    sources: Sources = field(default_factory=Sources)

    def register(
        self,
        *,
        verb: str,
        order: int,
        label: str,
        url_name: str,
        icon: str,
        shown: Callable[[object], bool] = _anybody,
        tally: Callable[[object], int | None] | None = None,
        short: str = "",
    ) -> None:
        """Put an item under one of the six verbs; called from a storey's `ready()`.

        `shown(user)` and `tally(user)` are asked on each full page, so they must be cheap: a tally
        need not count further than one beyond `MOST_TOLD`.
        Items with `short` take the four places at the bottom of a phone, by verb and order, but
        those with a `tally` before the others.
        """
        if verb not in VERBS:
            raise ValueError(f"{verb!r} is none of the verbs {', '.join(VERBS)}")
        self.entries[url_name] = Entry(verb, order, label, url_name, icon, shown, tally, short)

    def connect(self, **sources) -> None:
        """Say where other parts of the frame come from; names are the fields of `Sources`."""
        self.sources = replace(self.sources, **sources)

    def groups(self, user, path: str) -> tuple[NavGroup, ...]:
        """The navigation of `user`, with the item that `path` belongs to marked as current."""
        ranked = sorted(self.entries.values(), key=lambda e: (VERBS.index(e.verb), e.order))
        found = [(e, address(e.url_name)) for e in ranked]
        seen = [(e, href) for e, href in found if href and e.shown(user)]
        here = _closest((href for _, href in seen), path)
        groups: dict[str, list[NavItem]] = {}
        for entry, href in seen:
            tally = entry.tally(user) if entry.tally else None
            item = NavItem(entry.label, href, entry.icon, tally, href == here, entry.short)
            groups.setdefault(entry.verb, []).append(item)
        return tuple(NavGroup(verb, tuple(items)) for verb, items in groups.items())


class Shell:
    """Everything `base.html` shows around a page, each part asked for only when it is shown.

    A view sets `request.belongs_to` when its page belongs elsewhere than its address says.
    An error page reads no more than addresses from it, so it needs neither a session nor tenancy.
    """

    def __init__(self, request, known: "Registry"):
        self.request, self.known, self.sources = request, known, known.sources

    def __getattr__(self, name: str) -> str:
        """The address behind each `*_url` of the sources."""
        if name.endswith("_url") and name in SOURCES:
            return address(getattr(self.sources, name))
        raise AttributeError(name)

    @cached_property
    def user(self):
        """Who is signed in, or None."""
        user = getattr(self.request, "user", None)
        return user if user is not None and user.is_authenticated else None

    @cached_property
    def groups(self) -> tuple[NavGroup, ...]:
        here = getattr(self.request, "belongs_to", self.request.path)
        return self.known.groups(self.user, here) if self.user else ()

    @cached_property
    def shortcuts(self) -> tuple[NavItem, ...]:
        """The few places that fit at the bottom of a phone, first those where something waits."""
        short = [item for group in self.groups for item in group.items if item.short]
        return tuple(sorted(short, key=lambda item: item.tally is None)[:SHORTCUTS])

    @cached_property
    def tenants(self) -> tuple:
        return tuple(self.sources.tenants(self.user)) if self.user and self.sources.tenants else ()

    @cached_property
    def tenant(self):
        return getattr(self.request, "tenant", None) if self.user else None

    @cached_property
    def unread(self) -> int:
        return self.sources.unread(self.user) if self.user and self.sources.unread else 0

    @cached_property
    def condition(self) -> Link | None:
        return self.sources.condition() if self.sources.condition else None

    @property
    def home_url(self) -> str:
        return address(self.sources.home_url) or "/"

    @property
    def live(self) -> str:
        return self.sources.live if self.user else ""


registry = Registry()
register = registry.register
connect = registry.connect


def shell(request) -> dict:
    """Context processor: the frame as `shell`."""
    return {"shell": Shell(request, registry)}


def installation() -> dict:
    """What stands at the foot of every page, with or without a request: region and version."""
    return {
        "region": getattr(settings, "REGION", ""),
        "version": getattr(settings, "VERSION", ""),
    }


@cache
def address(url_name: str) -> str:
    """The address behind a name; empty if this installation has no such page."""
    try:
        return reverse(url_name) if url_name else ""
    except NoReverseMatch:
        return ""


def _closest(hrefs: Iterable[str], path: str) -> str:
    """The longest of `hrefs` that `path` lies under; the root holds nothing but itself."""
    under = [h for h in hrefs if path == h or (h != "/" and path.startswith(h.rstrip("/") + "/"))]
    return max(under, key=len, default="")
