"""The price book: versions without gaps, never edited."""

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from portal.audit.models import Event
from portal.core.errors import Refused
from tenants.chargeback import services
from tenants.chargeback.models import Price
from tests.tenants.chargeback import book


def set_price(model, by, amount="0.50", **more):
    facts = {"meter": "predictions", "per": 1000, "currency": "EUR"} | more
    return services.set_price(
        tenant=model.tenant, model_id=model.pk, model_slug=model.slug,
        amount=Decimal(amount), by=by, **facts,
    )  # fmt: skip


def test_a_new_version_begins_where_the_old_one_ends(model, finance):
    old = services.price_in_force(model.pk)
    new = set_price(model, finance)
    ended = Price.objects.get(pk=old.pk)
    assert ended.valid_to == new.valid_from
    assert (ended.amount, new.version, new.valid_to) == (old.amount, old.version + 1, None)
    assert services.price_in_force(model.pk) == new
    assert list(Price.objects.filter(model_id=model.pk).at(new.valid_from)) == [new]
    assert Event.objects.about(new).get().verb == "set a price"


def test_the_same_price_again_changes_nothing(model, finance):
    assert set_price(model, finance, "0.40") == services.price_in_force(model.pk)
    assert Price.objects.filter(model_id=model.pk).count() == 1


def test_what_was_used_before_keeps_its_price(model, claims, finance):
    before = book.used(model, claims, 1000)
    set_price(model, finance, "9.00")
    after = book.used(model, claims, 1000)
    amounts = [type(before).objects.get(pk=call.pk).amount_nano for call in (before, after)]
    assert amounts == [400_000_000, 9_000_000_000]


def test_a_publisher_sets_the_price_until_the_first_call(model, claims, publisher, finance):
    assert set_price(model, publisher, "0.60").set_by == publisher
    book.used(model, claims)
    with pytest.raises(PermissionDenied):
        set_price(model, publisher, "0.70")
    assert set_price(model, finance, "0.70").version == 3


def test_others_set_no_prices(model, consumer, auditor, operator, stranger):
    for person in (consumer, auditor, operator, stranger):
        with pytest.raises(PermissionDenied):
            set_price(model, person)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"amount": "-0.01"}, "amount"),
        ({"amount": "1000000.01"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "Infinity"}, "amount"),
        ({"amount": "0.0000000001"}, "amount"),
        ({"per": 0}, "per"),
        ({"per": 10**9 + 1}, "per"),
        ({"meter": "smiles"}, "meter"),
        ({"currency": "XXX"}, "currency"),
    ],
)
def test_a_wrong_price_names_its_field(model, finance, wrong, field):
    with pytest.raises(Refused) as refused:
        set_price(model, finance, **wrong)
    assert refused.value.field == field


def test_no_hand_of_the_application_edits_a_price(model):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE tenants_price SET amount = 0")
