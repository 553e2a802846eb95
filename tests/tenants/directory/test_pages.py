"""The pages of tenants and people."""

import pytest

from tenants.directory import services as directory
from tenants.directory.models import Membership, Tenant, User
from tenants.directory.tenant_views import walk
from tests.portal.people import signed_in

NEW = {
    "slug": "fraud", "name": "Fraud", "parent": "vision", "cost_centre": "7",
    "region": "eu-west", "contact": "fraud@example.org",
}  # fmt: skip


def test_the_tree_stands_in_its_order(world):
    names = [(depth, tenant.slug) for depth, tenant in walk(Tenant.objects.all())]
    assert names == [(0, "bank"), (1, "claims"), (1, "retail"), (1, "vision")]


@pytest.mark.parametrize("name", ["consumer", "owner", "operator", "auditor", "finance"])
@pytest.mark.parametrize("path", ["/tenants/", "/tenants/vision/", "/people/", "/account/"])
def test_everybody_reads_the_pages(client, request, vision, name, path):
    assert signed_in(client, request.getfixturevalue(name)).get(path).status_code == 200


def test_an_operator_adds_a_tenant(client, operator, vision):
    answer = signed_in(client, operator).post("/tenants/new/", NEW)
    assert answer["Location"] == "/tenants/fraud/"
    assert Tenant.objects.get(slug="fraud").parent == vision


@pytest.mark.parametrize(
    "wrong", [{"slug": "vision"}, {"slug": "new"}, {"slug": ""}, {"parent": "x"}, {"contact": "x"}]
)
def test_a_bad_tenant_is_named_and_what_was_typed_stays(client, operator, vision, wrong):
    answer = signed_in(client, operator).post("/tenants/new/", NEW | wrong)
    assert answer.status_code == 422
    assert b"data-form-errors" in answer.content and b'value="Fraud"' in answer.content


@pytest.mark.parametrize("path", ["/tenants/new/", "/people/new/", "/tenants/vision/edit/"])
def test_a_consumer_opens_no_form_of_operators(client, consumer, vision, path):
    assert signed_in(client, consumer).get(path).status_code == 403


def test_an_owner_gives_and_takes_a_role(client, owner, stranger, vision):
    page = signed_in(client, owner)
    page.post("/tenants/vision/members/", {"who": "Stranger", "role": "publisher"})
    seat = Membership.objects.get(user=stranger, tenant=vision)
    assert b"stranger" in page.get("/tenants/vision/").content
    page.post(f"/memberships/{seat.pk}/remove/")
    assert not Membership.objects.filter(pk=seat.pk).exists()
    assert not User.objects.get(pk=stranger.pk).may("consumer", vision)


def test_an_unknown_name_keeps_the_page_and_what_was_typed(client, owner, vision):
    answer = signed_in(client, owner).post(
        "/tenants/vision/members/", {"who": "no one", "role": "owner"}
    )
    assert answer.status_code == 422 and b'value="no one"' in answer.content


def test_an_owner_gives_no_role_elsewhere(client, owner, stranger, claims):
    page = signed_in(client, owner)
    told = page.post("/tenants/claims/members/", {"who": "owner", "role": "owner"})
    assert told.status_code == 403
    assert not Membership.objects.filter(tenant=claims).exists()


def test_the_last_owner_stays(client, owner, vision):
    seat = Membership.objects.get(user=owner)
    answer = signed_in(client, owner).post(f"/memberships/{seat.pk}/remove/", follow=True)
    assert b"needs an owner" in answer.content
    assert Membership.objects.filter(pk=seat.pk).exists()


def test_people_of_other_tenants_are_not_found(client, consumer, owner):
    page = signed_in(client, consumer)
    assert page.get("/people/owner/").status_code == page.get("/people/none/").status_code == 404
    assert b"owner@example.org" not in page.get("/people/").content
    assert b"owner@example.org" not in page.get("/tenants/vision/").content


def test_a_role_elsewhere_does_not_show_in_a_search(client, second_owner, consumer, claims):
    directory.seat(second_owner, claims, "consumer", by=None)
    rows = signed_in(client, consumer).get("/people/", {"role": "owner"}).context["people"]
    assert list(rows) == []


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"q": "CONS"}, {"consumer"}),
        ({"role": "owner"}, {"owner"}),
        ({"role": "operator"}, {"operator"}),
        ({"state": "closed"}, set()),
        ({"q": "%_"}, set()),
    ],
)
def test_operators_search_everybody(client, operator, owner, consumer, query, names):
    rows = signed_in(client, operator).get("/people/", query).context["people"]
    assert {person.username for person in rows} == names


def test_an_operator_invites_closes_and_opens(client, operator, vision):
    page = signed_in(client, operator)
    asked = {"username": "new.one", "email": "new@example.org", "tenant": "vision"}
    page.post("/people/new/", asked | {"role": "publisher"})
    made = User.objects.get(username="new.one")
    assert made.may("publisher", vision)
    page.post("/people/new.one/close/")
    assert not User.objects.get(pk=made.pk).is_active
    page.post("/people/new.one/open/")
    assert User.objects.get(pk=made.pk).is_active


def test_a_closed_account_is_out_at_once(client, operator, consumer):
    page = signed_in(client, consumer)
    directory.set_active(consumer, False, by=operator)
    assert page.get("/account/").status_code == 302


def test_platform_roles_come_and_go(client, operator, stranger):
    page = signed_in(client, operator)
    page.post("/people/stranger/appoint/", {"role": "auditor"})
    assert User.objects.get(pk=stranger.pk).is_auditor
    page.post("/people/stranger/dismiss/", {"role": "auditor"})
    assert not User.objects.get(pk=stranger.pk).is_auditor
    answer = page.post("/people/stranger/appoint/", {"role": "king"}, follow=True)
    assert b"Choose a role from the list." in answer.content
