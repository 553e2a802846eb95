"""The ledger: settled once, corrected by new rows, swept after a crash."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from portal.audit.models import Event
from portal.core import tenancy
from portal.core.errors import Refused
from portal.core.ids import new_id
from tenants.chargeback import services
from tenants.chargeback.models import Call, Ending, Posting
from tests.tenants.chargeback import book

OLD = timedelta(minutes=16)


def lines(call) -> list[tuple]:
    rows = Posting.objects.filter(transaction=call.pk).order_by("line")
    return [(row.tenant.slug, row.account, row.nano) for row in rows]


def test_a_settled_call_moves_money_from_its_tenant_to_the_owner(model, claims):
    call = book.used(model, claims, 3)
    assert lines(call) == [("claims", "usage", 1_200_000), ("vision", "revenue", -1_200_000)]
    assert services.verify_ledger() == []


def test_settling_twice_leaves_one_set_of_lines(model, claims):
    call = book.reserve(model, claims)
    assert book.settle(call, 3) is True
    assert book.settle(call, 500) is False
    assert lines(call)[0] == ("claims", "usage", 1_200_000)
    assert Call.objects.get(pk=call.pk).amount_nano == 1_200_000


def test_the_key_of_a_line_is_a_second_wall(model, claims):
    call = book.used(model, claims)
    Call.objects.filter(pk=call.pk).update(ended_as=None, ended_at=None)
    with pytest.raises(DatabaseError), transaction.atomic():
        book.settle(call)
    assert len(lines(call)) == 2


def test_a_voided_call_costs_nothing(model, claims):
    call = book.reserve(model, claims)
    book.settle(call, ended_as=Ending.VOIDED)
    assert lines(call) == []
    assert services.verify_ledger() == []


def test_nobody_changes_or_removes_a_line(model, claims):
    call = book.used(model, claims)
    for verb in ("UPDATE tenants_posting SET nano = 0", "DELETE FROM tenants_posting"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(verb)
    assert len(lines(call)) == 2


def test_the_sweep_ends_what_a_crash_left_open(model, claims):
    left = book.reserve(model, claims, at=timezone.now() - OLD, quantity=5)
    fresh = book.reserve(model, claims)
    assert services.settle_estimated() == 1
    swept = Call.objects.get(pk=left.pk)
    assert (swept.ended_as, swept.amount_nano) == (Ending.ESTIMATED, 2_000_000)
    assert lines(left)[0] == ("claims", "usage", 2_000_000)
    assert Call.objects.get(pk=fresh.pk).ended_as is None


def test_sweeping_twice_or_settling_late_changes_nothing(model, claims):
    left = book.reserve(model, claims, at=timezone.now() - OLD)
    services.settle_estimated()
    assert services.settle_estimated() == 0
    assert book.settle(left, 900) is False
    assert services.verify_ledger() == []


def test_a_correction_is_a_new_transaction_that_names_the_old(model, claims, finance):
    call = book.used(model, claims, 1000)
    made = services.correct(call.pk, by=finance, nano=-400_000_000, note="Answered twice")
    assert lines(call)[0] == ("claims", "usage", 400_000_000)
    rows = Posting.objects.filter(transaction=made).order_by("line")
    assert [(r.nano, r.corrects, r.cause) for r in rows] == [
        (-400_000_000, call.pk, "correction"),
        (400_000_000, call.pk, "correction"),
    ]
    assert Event.objects.about(call).get().verb == "corrected"
    assert services.verify_ledger() == []


@pytest.mark.parametrize(
    ("nano", "note", "field"),
    [
        (0, "why", "amount"),
        (-1, " ", "note"),
        (10**18 + 1, "why", "amount"),
        (-(10**9), "w", "amount"),
    ],
)
def test_a_wrong_correction_names_its_field(model, claims, finance, nano, note, field):
    call = book.used(model, claims)
    with pytest.raises(Refused) as refused:
        services.correct(call.pk, by=finance, nano=nano, note=note)
    assert refused.value.field == field


def test_corrections_together_never_take_back_more_than_was_paid(model, claims, finance):
    call = book.used(model, claims, 1000)
    services.correct(call.pk, by=finance, nano=-300_000_000, note="Most of it")
    with pytest.raises(Refused):
        services.correct(call.pk, by=finance, nano=-100_000_001, note="And the rest")
    services.correct(call.pk, by=finance, nano=-100_000_000, note="And the rest")


def test_only_finance_corrects(model, claims, consumer, auditor, operator):
    call = book.used(model, claims)
    for person in (consumer, auditor, operator):
        with pytest.raises(PermissionDenied):
            services.correct(call.pk, by=person, nano=-1, note="for me")


def test_a_call_that_does_not_exist_or_cost_nothing_has_no_correction(model, claims, finance):
    call = book.reserve(model, claims)
    book.settle(call, ended_as=Ending.VOIDED)
    for wanted in (call.pk, new_id()):
        with pytest.raises(Refused):
            services.correct(wanted, by=finance, nano=-1, note="why")


def test_the_check_finds_a_call_without_lines_and_lines_without_a_call(model, claims):
    call = book.reserve(model, claims)
    Call.objects.filter(pk=call.pk).update(
        ended_as="settled", ended_at=timezone.now(), amount_nano=5
    )
    assert any(str(call.pk) in said for said in services.verify_ledger())
    with pytest.raises(CommandError):
        call_command("verify_ledger")
    Call.objects.filter(pk=call.pk).delete()
    assert services.verify_ledger() == []
    lost = book.used(model, claims)
    Call.objects.filter(pk=lost.pk).delete()
    assert any(str(lost.pk) in said for said in services.verify_ledger())


def test_the_check_finds_one_side_without_the_other(model, claims):
    call = book.reserve(model, claims)
    one = book.postings_for(call, 1, 7, call.started_at, book.period_of(call.started_at))[0]
    with connection.cursor() as cursor:
        cursor.execute(book.POSTING_SQL, one)
    assert any("does not sum to zero" in said for said in services.verify_ledger())


def test_money_of_others_is_invisible_even_without_the_filter(model, claims, stranger, consumer):
    book.used(model, claims)
    with tenancy.acting_as(stranger):
        assert not Call.objects.exists() and not Posting.objects.exists()
    with tenancy.acting_as(consumer):
        assert Call.objects.visible_to(consumer).count() == 1
        assert [row.account for row in Posting.objects.all()] == ["usage"]


def test_the_owner_of_a_model_earns_without_seeing_who_paid(model, claims, owner):
    book.used(model, claims)
    with tenancy.acting_as(owner):
        assert [row.account for row in Posting.objects.all()] == ["revenue"]
        assert not Call.objects.visible_to(owner).exists()


def test_partitions_are_kept_ahead(db):
    services.keep_partitions()
    assert services.keep_partitions() == 0
