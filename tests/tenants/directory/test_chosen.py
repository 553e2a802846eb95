"""Somebody in two tenants chooses for which one they work; pages follow, and never further."""

import csv
import io

import pytest

from marketplace.access.models import Grant
from tenants.directory import services as directory
from tenants.directory.roles import TenantRole
from tenants.keys import services as keys
from tests.portal.people import signed_in
from tests.tenants.chargeback import book

SWITCH = "/account/tenant/"


@pytest.fixture
def both(consumer, retail):
    """The consumer of claims, who has a seat in retail too."""
    directory.seat(consumer, retail, TenantRole.CONSUMER, by=None)
    return consumer


@pytest.fixture
def desk(client, both, model, claims, retail):
    """Their browser; each tenant has a call, a key and a grant."""
    for tenant in (claims, retail):
        keys.issue(tenant, by=both, name=f"key of {tenant}", scopes=["predict"])
        book.used(model, tenant, 1000)
        where = {"provider": model.tenant, "model": model, "environment": "production"}
        Grant.objects.create(tenant=tenant, **where)
    return signed_in(client, both)


def choose(client, slug: str, back: str = "/"):
    return client.post(SWITCH, {"tenant": slug, "next": back})


def page(client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def shown(client) -> dict[str, set[str]]:
    """The tenants whose rows stand on each page."""
    sheet = csv.DictReader(io.StringIO(page(client, "/usage/csv/").removeprefix("\ufeff")))
    keyed, owed, held = (page(client, path) for path in ("/keys/", "/statements/", "/access/"))
    return {
        "usage": {row["tenant"] for row in sheet},
        "keys": {slug for slug in ("claims", "retail") if f"key of {slug}" in keyed},
        "statements": {slug for slug in ("claims", "retail") if f"ST-{slug}-" in owed},
        "access": {name.lower() for name in ("Claims", "Retail") if f"{name}, from" in held},
    }


def test_pages_show_all_until_one_is_chosen_and_all_again(desk):
    everywhere = {"claims", "retail"}
    assert set(map(frozenset, shown(desk).values())) == {frozenset(everywhere)}
    choose(desk, "retail")
    assert set(map(frozenset, shown(desk).values())) == {frozenset({"retail"})}
    choose(desk, "")
    assert set(map(frozenset, shown(desk).values())) == {frozenset(everywhere)}


def test_the_address_says_more_than_the_choice(desk):
    choose(desk, "retail")
    assert "key of claims" in page(desk, "/keys/?tenant=claims")
    assert "key of claims" in page(desk, "/keys/?tenant=")
    assert "for which you work now" in page(desk, "/keys/")


def test_what_is_asked_for_begins_with_the_choice(desk, model):
    choose(desk, "retail")
    assert '<option value="retail" selected>' in page(desk, "/models/digits/ask/")
    choose(desk, "claims")
    assert '<option value="claims" selected>' in page(desk, "/models/digits/ask/")


def test_the_choice_ends_with_the_seat(desk, both, retail):
    choose(desk, "retail")
    directory.unseat(both.memberships.get(tenant=retail), by=None)
    assert shown(desk)["keys"] == {"claims"}
    text = page(desk, "/keys/")
    assert SWITCH not in text and "</svg>Claims</span>" in text


def test_nobody_works_for_a_tenant_they_do_not_stand_in(desk, both):
    before = shown(desk)
    choose(desk, "vision")
    assert "You have no role in that tenant" in page(desk, "/account/")
    choose(desk, "no-such-tenant")
    assert shown(desk) == before


def test_who_is_in_one_tenant_sees_its_name_alone(client, stranger):
    text = page(signed_in(client, stranger), "/account/")
    assert "</svg>Retail</span>" in text and SWITCH not in text


def test_platform_roles_without_a_seat_have_no_switch(client, finance):
    text = page(signed_in(client, finance), "/account/")
    assert "switcher" not in text


@pytest.mark.parametrize(
    ("back", "goes"),
    [
        ("/usage/?tenant=claims&period=7d&page=2", "/usage/?period=7d"),
        ("/keys/?tenant=claims", "/keys/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("", "/"),
    ],
)
def test_it_leads_back_without_what_would_undo_it(desk, back, goes):
    assert choose(desk, "retail", back)["Location"] == goes


def test_a_key_of_the_other_tenant_keeps_its_usage(desk, both, model, claims):
    key = keys.issue(claims, by=both, name="nightly", scopes=["predict"])[0]
    book.used(model, claims, 3000, key_id=key.pk)
    choose(desk, "retail")
    assert "€1.20" in page(desk, f"/usage/?key={key.pk}")
