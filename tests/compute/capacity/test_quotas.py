"""Who decides quotas, what cannot be promised, and how a cluster is told."""

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from compute.capacity import services
from compute.capacity.models import Quota
from compute.capacity.services import Terms
from compute.capacity.tasks import apply
from compute.engines.fleet import Drift, EngineRefused
from portal.audit.models import Event
from portal.core.errors import Conflict, Refused


@pytest.fixture
def queue(fleet, claims):
    return fleet.queue(claims)


def test_a_quota_is_written_with_what_it_was(queue, h100, operator):
    quota = services.set_quota(
        queue, h100, by=operator, guaranteed=8, borrow=4, lend=2, reason="The new year"
    )
    assert str(quota) == "8 h100-80gb of claims"
    event = Event.objects.get(verb="set a quota").facts
    told = event["facts"]
    assert told["before"] == {"guaranteed": "0", "borrow": None, "lend": None}
    assert told["after"] == {"guaranteed": "8", "borrow": "4", "lend": "2"}
    assert event["note"] == "The new year"


def test_the_same_quota_again_is_no_change(queue, h100, operator):
    for _ in range(2):
        services.set_quota(queue, h100, by=operator, guaranteed=8)
    assert Event.objects.filter(verb="set a quota").count() == 1


@pytest.mark.parametrize("who", ["owner", "governor", "finance", "auditor", "consumer"])
def test_only_operators_decide_quotas(queue, h100, who, request):
    by = request.getfixturevalue(who)
    for act in (
        lambda: services.set_quota(queue, h100, by=by, guaranteed=1),
        lambda: services.set_weight(queue, by=by, weight=2),
        lambda: services.leave(queue, by=by),
        lambda: services.close_cluster(queue.cluster, by=by),
    ):
        with pytest.raises(PermissionDenied):
            act()


@pytest.mark.parametrize(
    ("terms", "field", "words"),
    [
        ({"guaranteed": -1}, "guaranteed", "from 0"),
        ({"guaranteed": "nan"}, "guaranteed", "from 0"),
        ({"guaranteed": "0.5"}, "guaranteed", "whole"),
        ({"guaranteed": 2, "borrow": "1.255"}, "borrow", "two decimals"),
        ({"guaranteed": 2, "lend": 3}, "lend", "2 or less"),
        ({"guaranteed": 17}, "guaranteed", "16 GPUs are left"),
    ],
)
def test_what_cannot_be_promised_is_refused(queue, h100, operator, terms, field, words):
    with pytest.raises(Refused, match=words) as refused:
        services.set_quota(queue, h100, by=operator, **terms)
    assert refused.value.field == field


def test_more_than_there_is_needs_a_reason(fleet, queue, h100, vision, operator):
    services.set_quota(fleet.queue(vision), h100, by=operator, guaranteed=12)
    with pytest.raises(Refused, match="4 GPUs are left"):
        services.set_quota(queue, h100, by=operator, guaranteed=8)
    services.set_quota(queue, h100, by=operator, guaranteed=8, reason="Four nodes come on Monday")
    assert Quota.objects.get(queue=queue, flavour=h100).guaranteed == 8


def test_parts_are_promised_where_gpus_are_shared(fleet, queue, operator):
    fleet.flavour("l40s").__class__.objects.filter(slug="l40s").update(parts=4)
    shared = fleet.flavour("l40s")
    services.set_quota(queue, shared, by=operator, guaranteed="1.25")
    with pytest.raises(Refused, match="4th"):
        services.set_quota(queue, shared, by=operator, guaranteed="1.3")


def test_several_quotas_change_together_or_not_at_all(queue, h100, l40s, operator):
    wrong = {h100: Terms(Decimal(4)), l40s: Terms(Decimal(99))}
    with pytest.raises(Refused) as refused:
        services.set_quotas(queue, by=operator, weight=3, terms=wrong)
    assert refused.value.field == f"{l40s.pk}-guaranteed"
    queue.refresh_from_db()
    assert queue.weight == 1
    assert not Quota.objects.filter(queue=queue, guaranteed__gt=0).exists()


@pytest.mark.parametrize("weight", ["0", "-1", "1001", "1.234", "nan"])
def test_a_weight_is_above_nothing_and_bounded(queue, operator, weight):
    with pytest.raises(Refused):
        services.set_weight(queue, by=operator, weight=weight)


def test_a_place_is_taken_and_given_back_with_its_guarantees(queue, h100, claims, operator):
    services.set_quota(queue, h100, by=operator, guaranteed=4)
    services.leave(queue, by=operator)
    assert [
        q.tenant for q in services.order_of(queue.cluster).queues if q.tenant == "claims"
    ] == []
    with pytest.raises(Conflict):
        services.leave(queue, by=operator)
    services.welcome(queue.cluster)  # the sweep does not bring it back
    services.join(claims, queue.cluster, by=operator)
    told = {q.tenant: q for q in services.order_of(queue.cluster).queues}["claims"]
    assert {q.flavour: q.guaranteed for q in told.quotas}["h100-80gb"] == 4


def test_a_decision_reaches_the_cluster(fleet, queue, h100, operator):
    services.set_quota(queue, h100, by=operator, guaranteed=4, borrow=0, lend=1)
    services.set_weight(queue, by=operator, weight=2)
    apply(cluster_id=str(fleet.cluster.pk))
    told = {each.tenant: each for each in fleet.engine.fleet.ordered.queues}["claims"]
    quota = {each.flavour: each for each in told.quotas}["h100-80gb"]
    assert (told.weight, quota.guaranteed, quota.borrow, quota.lend) == (2, 4, 0, 1)
    kinds = {each.name: each for each in fleet.engine.fleet.ordered.flavours}
    assert (kinds["h100-80gb"].gpus, kinds["h100-80gb"].region) == (16, "eu-central")


def test_what_somebody_changed_is_shown_healed_and_told_once(fleet, queue):
    services.tend_one(fleet.cluster)
    meddled = Drift("queue claims", "quota of h100-80gb", "0", "64")
    for times in (1, 2):
        fleet.engine.fleet.meddled = [meddled]
        services.tend_one(fleet.cluster)
        fleet.cluster.refresh_from_db()
        (row,) = fleet.cluster.drift
        assert (row["wanted"], row["found"], row["times"]) == ("0", "64", times)
        assert row["healed_at"] and not fleet.engine.fleet.meddled
    told = Event.objects.get(verb="healed").facts["facts"]
    assert told["drift"] == [
        {"thing": "queue claims", "what": "quota of h100-80gb", "wanted": "0", "found": "64"}
    ]


def test_a_new_decision_is_no_drift(fleet, queue, h100, operator):
    services.tend_one(fleet.cluster)
    services.set_quota(queue, h100, by=operator, guaranteed=4)
    services.tend_one(fleet.cluster)  # the message was lost: the look repairs it
    fleet.cluster.refresh_from_db()
    assert fleet.cluster.drift == []
    assert not services.engine_of(fleet.cluster).drift(services.order_of(fleet.cluster))


def test_what_the_cluster_refuses_is_shown_until_it_is_taken(fleet, queue, h100, operator):
    def refuse(order):
        raise EngineRefused("The cohort is locked.")

    engine, apply_it = fleet.engine, fleet.engine.apply
    engine.apply = refuse
    services.tend_one(fleet.cluster)
    fleet.cluster.refresh_from_db()
    assert fleet.cluster.drift[0]["found"] == "The cohort is locked."
    assert fleet.cluster.drift[0]["healed_at"] is None
    engine.apply = apply_it
    services.tend_one(fleet.cluster)
    fleet.cluster.refresh_from_db()
    assert fleet.cluster.drift[0]["healed_at"]


def test_a_preview_tells_whom_a_guarantee_calls_back_from(fleet, queue, h100, vision):
    fleet.runs("j-1", "vision", 8, on="h-1")
    fleet.runs("j-2", "vision", 8, on="h-2")
    told = services.preview(queue, h100, Terms(Decimal(4)))
    words = " ".join(line.words for line in told.lines)
    assert "claims is guaranteed 4 GPUs instead of 0." in words
    assert "could call back 4 GPUs from vision (16)" in words
    assert not told.over


def test_a_preview_tells_which_running_jobs_become_borrowers(fleet, queue, h100, operator):
    services.set_quota(queue, h100, by=operator, guaranteed=8)
    fleet.runs("j-1", "claims", 6, on="h-1")
    told = services.preview(queue, h100, Terms(Decimal(2), Decimal(0)))
    words = " ".join(line.words for line in told.lines)
    assert "4 GPUs that it uses now would become borrowed" in words
    assert "4 GPUs more than it then may" in words
    assert told.borrowers == ("j-1",)


def test_a_preview_tells_what_is_promised_twice(fleet, queue, h100, vision, operator):
    services.set_quota(fleet.queue(vision), h100, by=operator, guaranteed=12)
    told = services.preview(queue, h100, Terms(Decimal(8)))
    assert told.over == 4
    assert any(line.tone == "bad" for line in told.lines)
    refused = services.preview(queue, h100, Terms(Decimal("0.5")))
    assert "whole" in refused.refused


def test_a_preview_saves_nothing(queue, h100):
    services.preview(queue, h100, Terms(Decimal(4)))
    assert not Quota.objects.filter(guaranteed__gt=0).exists()
