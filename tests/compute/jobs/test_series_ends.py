"""A series is cancelled as one, and its list says how it stands."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compute.jobs import services
from compute.jobs.models import Job
from portal.core.errors import Conflict, Refused
from tests.compute.jobs import stage
from tests.compute.jobs.test_api import post
from tests.compute.jobs.test_series import ask, ended


def test_a_series_is_cancelled_as_one(a100, engine, claims, consumer):
    made, alone = ask(claims, consumer, [{"N": str(n)} for n in range(4)]), ask(claims, consumer)
    ended(made[:1], engine, 0)
    services.cancel(made[1], by=consumer)
    asked = services.cancel_series(made[2], by=consumer, note="Wrong data.")
    assert asked == made[2:]
    services.converge_all([job.pk for job in made])
    now = {job.pk: job for job in Job.objects.all()}
    assert [now[job.pk].status for job in made] == ["succeeded"] + ["cancelled"] * 3
    assert now[made[3].pk].cancel_reason == "Cancelled by consumer. Wrong data."
    assert not now[alone[0].pk].cancel_asked_at
    with pytest.raises(Conflict, match="All jobs of this series have ended"):
        services.cancel_series(made[0], by=consumer)


def test_a_series_of_many_is_cancelled_with_the_statements_of_a_few(a100, claims, consumer):
    counts = []
    for many in (2, 2, 90):
        first = ask(claims, consumer, [{"N": str(n)} for n in range(many)])[0]
        with CaptureQueriesContext(connection) as asked:
            services.cancel_series(first, by=consumer)
        counts.append(len(asked))
    assert counts[1] == counts[2]


def test_who_may_not_cancel_one_cancels_no_series(a100, claims, consumer, auditor):
    first = ask(claims, consumer)[0]
    with pytest.raises(PermissionDenied):
        services.cancel_series(first, by=auditor)
    alone = stage.ask(claims, consumer)
    with pytest.raises(Refused, match="not one of a series"):
        services.cancel_series(alone, by=consumer)


def test_the_list_of_a_series_says_how_it_stands_and_cancels_it(
    client, consumer, auditor, a100, engine, claims
):
    made = ask(claims, consumer, [{"N": str(n)} for n in range(3)])
    ended(made[:1], engine, 0)
    address = f"/jobs/?series={made[0].pk}"
    client.force_login(auditor)
    text = client.get(address).content.decode()
    assert "1 succeeded" in text and "that go on" not in text
    client.force_login(consumer)
    text = client.get(address).content.decode()
    assert "train, 3 jobs" in text and "Cancel the 2 that go on" in text
    part = client.get(f"{address}&part=series", headers={"HX-Request": "true"})
    assert b"series-state" in part.content and b"<html" not in part.content
    for name in ("series", "rows"):  # what refreshes itself asks for the same address each time
        part = client.get(f"{address}&part={name}", headers={"HX-Request": "true"})
        assert part.content.count(b"part=") == 1
    act = f"/jobs/{made[0].pk}/cancel-series/"
    text = client.post(act, {"next": address}, follow=True).content.decode()
    assert "2 jobs are being cancelled" in text and "that go on" not in text


def test_a_program_cancels_a_series(client, consumer, a100, claims):
    made = ask(claims, consumer)
    path = f"jobs/{made[1].pk}/cancel-series/"
    said = post(client, consumer, path, {"reason": "Wrong data."}, 202)
    assert said["count"] == len(made)
    assert [one["id"] for one in said["jobs"]] == [str(job.pk) for job in made]
    assert post(client, consumer, path, {}, 202) == {"count": 0, "jobs": []}
    client.force_login(consumer)
    text = client.post(f"/{path}", {"next": "/jobs/"}, follow=True).content.decode()
    assert "All of these were asked to end before" in text
