"""The pages of capacity: who sees what, and what one may do there."""

import re
from html import unescape

import pytest
from django.urls import reverse

from compute.capacity import services
from compute.capacity.models import Queue, Quota
from compute.engines.fleet import Drift
from tests.compute.fleet import Fleet, node

OVERVIEW = "/capacity/"


@pytest.fixture
def busy(fleet, operator, claims, h100):
    """claims holds 12 of 16 H100, 4 of them its own; retail borrows two L40S."""
    services.set_quota(fleet.queue(claims), h100, by=operator, guaranteed=4)
    fleet.runs("j-1", "claims", 8, on="h-1")
    fleet.runs("j-2", "claims", 4, on="h-2")
    fleet.runs("j-3", "retail", 2, on="l-1")
    return fleet


@pytest.fixture
def at(client):
    """The page at an address, as somebody."""

    def get(path, user, **asked):
        client.force_login(user)
        return client.get(path, asked)

    return get


def text(answer) -> str:
    """What a person reads of it."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


def test_operators_see_the_fleet(busy, at, operator):
    answer = at(OVERVIEW, operator)
    assert "14 of 20, 70 %" in text(answer)
    assert "4 × H100" in text(answer)
    assert "h-2: claims 4, 4 free" in text(answer)
    assert "4 own, 8 borrowed, 4 free" in answer.content.decode()


def test_who_borrows_from_whom_is_told_with_the_rule(busy, at, auditor, operator, vision, h100):
    alone = text(at(OVERVIEW, auditor))  # what nobody is guaranteed is borrowed from nobody
    assert alone.count("Nobody borrows from anybody") == 2
    services.set_quota(busy.queue(vision), h100, by=operator, guaranteed=12)
    page = text(at(OVERVIEW, auditor))
    assert "in proportion" in page
    assert re.search(r"Borrowed 8 8", page)


def test_a_tenant_sees_its_own_share_and_no_other_tenant(busy, at, consumer, stranger):
    mine, theirs = at(OVERVIEW, consumer), at(OVERVIEW, stranger)
    assert "8 borrowed" in text(mine) and "retail" not in text(mine)
    assert "2 borrowed" in text(theirs) and "claims" not in text(theirs)


def test_a_share_tells_what_would_start_at_once(busy, at, consumer, claims, operator, h100):
    assert "4 GPUs on one node" in text(at(OVERVIEW, consumer))
    services.set_quota(busy.queue(claims), h100, by=operator, guaranteed=4, borrow=10)
    assert "2 GPUs on one node" in text(at(OVERVIEW, consumer))


def test_who_has_no_tenant_sees_flavours_alone(busy, at, finance):
    page = text(at(OVERVIEW, finance))
    assert "H100 80 GB" in page and "no price yet" in page and "claims" not in page


def test_nodes_are_for_those_who_run_or_prove_things(busy, at, operator, consumer):
    there = reverse("capacity:cluster", args=["here"])
    assert "h-1" in text(at(there, operator))
    page = text(at(there, consumer))
    assert "H100 80 GB" in page and "h-1" not in page


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        ({}, {"h-1", "h-2", "l-1", "c-1"}),
        ({"flavour": "h100-80gb"}, {"h-1", "h-2"}),
        ({"is": "free"}, {"h-2", "l-1", "c-1"}),
        ({"is": "busy"}, {"h-1"}),
        ({"is": "gone"}, set()),
        ({"q": "l-"}, {"l-1"}),
        ({"q": "r1"}, {"h-1", "h-2", "l-1", "c-1"}),
    ],
)
def test_nodes_are_narrowed(busy, at, operator, asked, seen):
    page = at(reverse("capacity:cluster", args=["here"]), operator, **asked)
    assert {row["node"].name for row in page.context["node_rows"]} == seen


def test_a_thousand_nodes_are_paged(vision, at, operator, django_assert_max_num_queries):
    Fleet(vision).has(*(node(f"n-{number:04}") for number in range(1000)))
    client_page = at(reverse("capacity:cluster", args=["here"]), operator, page=3)
    assert len(client_page.context["node_rows"]) == 25
    with django_assert_max_num_queries(28):
        at(OVERVIEW, operator)


def test_a_silent_cluster_and_drift_are_told(busy, at, operator, consumer):
    busy.engine.down = True
    busy.look()
    assert "Here does not answer" in text(at(OVERVIEW, operator))
    assert "Jobs wait until it does" in text(at(OVERVIEW, consumer))
    busy.engine.down = False
    services.tend_one(busy.cluster)
    busy.engine.fleet.meddled = [Drift("queue claims", "borrow", "4", "64")]
    services.tend_one(busy.cluster)
    page = text(at(reverse("capacity:cluster", args=["here"]), operator))
    assert "queue claims" in page and "Put right" in page


def test_a_quota_is_changed_in_two_clicks(busy, at, client, operator, claims, h100):
    overview = at(OVERVIEW, operator).content.decode()
    quotas = reverse("capacity:quotas", args=["here"])
    assert f'href="{quotas}"' in overview
    form = reverse("capacity:quota", args=["here", "claims"])
    assert f'href="{form}"' in client.get(quotas).content.decode()
    sent = {"weight": "2", f"{h100.pk}-guaranteed": "8", f"{h100.pk}-borrow": "4"}
    assert client.post(form, sent).url == quotas
    quota = Quota.objects.get(tenant=claims, flavour=h100)
    assert (quota.guaranteed, quota.borrow, quota.lend) == (8, 4, None)
    assert Queue.objects.get(tenant=claims).weight == 2


def test_a_refused_quota_stands_at_its_field_and_keeps_the_rest(busy, client, operator, h100):
    client.force_login(operator)
    form = reverse("capacity:quota", args=["here", "claims"])
    answer = client.post(form, {"weight": "3", f"{h100.pk}-guaranteed": "99"})
    assert answer.status_code == 422
    assert "16 GPUs are left to guarantee" in text(answer)
    assert 'value="99"' in answer.content.decode()
    assert Queue.objects.get(tenant__slug="claims").weight == 1


def test_a_preview_tells_before_anything_is_saved(busy, at, operator, h100):
    preview = reverse("capacity:quota_preview", args=["here", "retail"])
    page = at(preview, operator, weight="1", **{f"{h100.pk}-guaranteed": "8"})
    assert "retail is guaranteed 8 GPUs instead of 0." in text(page)
    assert "could call back 4 GPUs from claims (8)" in text(page)
    assert not Quota.objects.filter(tenant__slug="retail", guaranteed__gt=0).exists()
    assert "Put the numbers right" in text(at(preview, operator, weight="x"))


def test_a_tenant_reads_its_quotas_and_not_those_of_others(busy, at, client, consumer, owner):
    mine = reverse("capacity:quota", args=["here", "claims"])
    page = at(mine, consumer)
    assert (
        "Share of Claims" in text(page)
        and "May borrow" in text(page)
        and "data-guard" not in page.content.decode()
    )
    assert client.post(mine, {"weight": "9"}).status_code == 403
    assert at(mine, owner).status_code == 404
    listed = text(at(reverse("capacity:quotas", args=["here"]), consumer))
    assert "Claims" in listed and "Retail" not in listed


def test_a_flavour_shows_a_tenant_its_own_line(busy, at, consumer, operator, h100):
    there = h100.get_absolute_url()
    assert "retail" in text(at(there, operator))
    page = text(at(there, consumer))
    assert "claims" in page and "retail" not in page and "h-1" not in page


def test_a_cluster_is_closed_and_opened_again(busy, client, operator, consumer):
    client.force_login(operator)
    client.post(reverse("capacity:close", args=["here"]), {"reason": "New racks"})
    busy.cluster.refresh_from_db()
    assert not busy.cluster.open
    assert "takes no new jobs" in text(client.get(OVERVIEW))
    client.post(reverse("capacity:open", args=["here"]))
    busy.cluster.refresh_from_db()
    assert busy.cluster.open
    client.force_login(consumer)
    assert client.post(reverse("capacity:close", args=["here"])).status_code == 403


def test_a_place_is_taken_and_given_back(busy, client, operator):
    client.force_login(operator)
    client.post(reverse("capacity:leave", args=["here", "retail"]), {"reason": "Moved"})
    assert not Queue.objects.get(tenant__slug="retail").open
    assert "place closed" in text(client.get(reverse("capacity:quotas", args=["here"])))
    client.post(reverse("capacity:join", args=["here", "retail"]))
    assert Queue.objects.get(tenant__slug="retail").open


def test_without_a_cluster_the_page_says_what_is_missing(world, at, operator, consumer):
    assert "CAPACITY_PROVIDER" in text(at(OVERVIEW, operator))
    assert "CAPACITY_PROVIDER" not in text(at(OVERVIEW, consumer))
