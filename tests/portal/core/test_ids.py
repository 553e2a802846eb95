"""Identifiers that sort by time, at the edges of it."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from portal.core.ids import floor_id, moment_of, new_id

FIRST = datetime(1970, 1, 1, tzinfo=UTC)


def test_a_bound_is_below_what_is_made_later_and_above_what_was_made_before():
    now = timezone.now()
    assert floor_id(now - timedelta(seconds=1)) < new_id() < floor_id(now + timedelta(seconds=9))
    assert abs(moment_of(new_id()) - now) < timedelta(seconds=9)


def test_what_lies_before_all_ids_is_below_all_of_them():
    for moment in (datetime(1, 1, 1, tzinfo=UTC), datetime(1960, 1, 1, tzinfo=UTC), FIRST):
        assert floor_id(moment) == floor_id(FIRST) < new_id()
    assert new_id() < floor_id(datetime(9999, 12, 31, tzinfo=UTC))
