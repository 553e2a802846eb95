"""The shell: who sees which item, which one is current, and what is left out."""

from types import SimpleNamespace

import pytest
from django.urls import path

from portal.core.shell import Link, Registry, Shell, shell

urlpatterns = [
    path("", lambda request: None, name="home"),
    path("models/", lambda request: None, name="models"),
    path("models/mine/", lambda request: None, name="mine"),
    path("usage/", lambda request: None, name="usage"),
]
pytestmark = pytest.mark.urls(__name__)

PERSON = SimpleNamespace(is_authenticated=True, role="consumer")
NOBODY = SimpleNamespace(is_authenticated=False)


@pytest.fixture
def registry():
    known = Registry()
    known.register(verb="Pay", order=1, label="Usage", url_name="usage", icon="usage")
    known.register(verb="Use", order=20, label="Mine", url_name="mine", icon="model", short="Mine")
    known.register(
        verb="Use", order=10, label="Models", url_name="models", icon="catalogue", short="Models"
    )
    return known


def asked(address="/models/", user=PERSON, **facts):
    return SimpleNamespace(path=address, user=user, **facts)


def labels(frame):
    return [(group.verb, [item.label for item in group.items]) for group in frame.groups]


def test_groups_follow_the_six_verbs_and_items_their_order(registry):
    assert labels(Shell(asked(), registry)) == [("Use", ["Models", "Mine"]), ("Pay", ["Usage"])]


def test_a_seventh_verb_is_refused(registry):
    with pytest.raises(ValueError, match="Administer"):
        registry.register(verb="Administer", order=1, label="x", url_name="home", icon="x")


def test_an_item_without_a_page_is_not_shown(registry):
    registry.register(verb="Run", order=1, label="Fleet", url_name="fleet", icon="chip")
    assert "Run" not in dict(labels(Shell(asked(), registry)))


def test_an_item_is_shown_to_those_it_is_for(registry):
    only = {"verb": "Prove", "order": 1, "label": "Trail", "url_name": "home", "icon": "trail"}
    registry.register(**only, shown=lambda user: user.role == "auditor")
    auditor = SimpleNamespace(is_authenticated=True, role="auditor")
    assert "Prove" not in dict(labels(Shell(asked(), registry)))
    assert "Prove" in dict(labels(Shell(asked(user=auditor), registry)))


@pytest.mark.parametrize(
    ("address", "current"),
    [
        ("/models/", ["Models"]),
        ("/models/digits/", ["Models"]),
        ("/models/mine/", ["Mine"]),
        ("/models/mine/1/", ["Mine"]),
        ("/modelsmore/", []),
        ("/", []),
    ],
)
def test_the_closest_item_is_current(registry, address, current):
    frame = Shell(asked(address), registry)
    found = [item.label for group in frame.groups for item in group.items if item.current]
    assert found == current


def test_a_tally_is_counted_for_the_person_who_looks(registry):
    registry.register(
        verb="Decide", order=1, label="To decide", url_name="home", icon="queue", tally=len
    )
    crowd = type("Crowd", (), {"is_authenticated": True, "__len__": lambda self: 7})()
    decide = next(g for g in Shell(asked(user=crowd), registry).groups if g.verb == "Decide")
    assert decide.items[0].tally == 7


def test_registering_again_replaces(registry):
    registry.register(verb="Use", order=10, label="Catalogue", url_name="models", icon="catalogue")
    assert labels(Shell(asked(), registry))[0] == ("Use", ["Catalogue", "Mine"])


def test_somebody_who_is_not_signed_in_gets_no_navigation_and_is_not_counted(registry):
    registry.connect(unread=lambda user: 1 / 0, tenants=lambda user: 1 / 0)
    frame = Shell(asked(user=NOBODY), registry)
    assert (frame.groups, frame.tenants, frame.unread) == ((), (), 0)


def test_the_rest_of_the_frame_comes_from_its_sources(registry):
    tenant = SimpleNamespace(pk=1, name="claims")
    registry.connect(unread=lambda user: 3, tenants=lambda user: [tenant], search_url="models")
    registry.connect(condition=lambda: Link("All systems in order"), help_url="nowhere")
    frame = Shell(asked(tenant=tenant), registry)
    assert (frame.unread, frame.tenants, frame.tenant) == (3, (tenant,), tenant)
    assert (frame.search_url, frame.help_url, frame.home_url) == ("/models/", "", "/")
    assert frame.condition.label == "All systems in order"


def test_an_unknown_source_is_an_error(registry):
    with pytest.raises(TypeError):
        registry.connect(weather=lambda: "fine")


def test_a_phone_shows_at_most_four_shortcuts(registry):
    assert [item.short for item in Shell(asked(), registry).shortcuts] == ["Models", "Mine"]


def test_on_a_phone_what_may_wait_comes_before_other_places(registry):
    more = {"icon": "x", "shown": lambda user: True}
    registry.register(verb="Prove", order=1, label="Trail", url_name="home", short="Trail", **more)
    registry.register(
        verb="Pay", order=1, label="Queue", url_name="usage", short="Queue",
        tally=lambda user: 0, **more,
    )  # fmt: skip
    shown = [item.short for item in Shell(asked(), registry).shortcuts]
    assert shown == ["Queue", "Models", "Mine", "Trail"]


def test_a_page_may_belong_elsewhere_than_its_address_says(registry):
    frame = Shell(asked("/models/digits/", belongs_to="/usage/"), registry)
    found = [item.label for group in frame.groups for item in group.items if item.current]
    assert found == ["Usage"]


def test_a_page_that_reads_only_addresses_asks_nobody(registry):
    class Untouchable:
        def __getattr__(self, name):
            raise AssertionError(name)

    registry.connect(help_url="usage")
    frame = Shell(Untouchable(), registry)
    assert (frame.home_url, frame.help_url, frame.search_url) == ("/", "/usage/", "")
    assert shell(Untouchable())["shell"].home_url == "/"


def test_each_part_is_asked_for_once(registry):
    asked_for = []
    registry.connect(unread=lambda user: asked_for.append(user) or 3)
    frame = Shell(asked(), registry)
    assert (frame.unread, frame.unread, len(asked_for)) == (3, 3, 1)


def test_a_part_that_does_not_exist_is_an_error(registry):
    with pytest.raises(AttributeError):
        _ = Shell(asked(), registry).weather_url
