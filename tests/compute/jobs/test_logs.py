"""Logs as they are stored, read, searched and dropped."""

from datetime import timedelta

import pytest
from django.utils import timezone

from compute.jobs import logs
from compute.jobs.leasing import NotLeading
from compute.jobs.logs import storing
from compute.jobs.logs.cleaning import MOST_CHARACTERS
from compute.jobs.logs.reception import GRACE
from compute.jobs.models import LogLine, Measure
from portal.core import tenancy
from tests.compute.jobs.logbook import START, leading, pieces, running


@pytest.fixture
def job(consumer, claims):
    return running(consumer, claims)


@pytest.fixture
def run(job):
    return job.runs.get()


@pytest.fixture
def token(db):
    return leading()


def texts(job) -> list[str]:
    return [line.text for line in logs.lines_after(job, 0)]


def test_lines_are_numbered_from_one_without_a_gap(job, run, token):
    assert logs.store(run, pieces("a", "b"), token=token) == 2
    assert logs.store(run, pieces("c", first=3), token=token) == 3
    assert [(line.n, line.text) for line in logs.lines_after(job, 0)] == [
        (1, "a"), (2, "b"), (3, "c"),
    ]  # fmt: skip
    job.refresh_from_db()
    run.refresh_from_db()
    assert (job.last_line, run.log_mark) == (3, "3")


def test_lines_of_several_pods_share_one_numbering(consumer, claims, token):
    job = running(consumer, claims, nodes=2)
    first, second = job.runs.order_by("index")
    batches = [logs.Batch(first.pk, "", pieces("a", "b")), logs.Batch(second.pk, "", pieces("c"))]
    done = logs.store_all(batches, token=token)
    assert {one.last_line for one in done.values()} == {3}
    found = [(line.n, line.run_id) for line in logs.lines_after(job, 0)]
    assert found == [(1, first.pk), (2, first.pk), (3, second.pk)]


def test_what_is_stored_behind_a_mark_is_not_stored_again(job, run, token):
    again = type(run).objects.get(pk=run.pk)
    logs.store(run, pieces("a"), token=token)
    with pytest.raises(NotLeading):
        logs.store(again, pieces("a"), token=token)
    assert texts(job) == ["a"]


def test_of_a_group_all_is_stored_or_nothing(consumer, claims, token):
    job = running(consumer, claims, nodes=2)
    first, second = job.runs.order_by("index")
    batches = [logs.Batch(first.pk, "", pieces("a")), logs.Batch(second.pk, "9", pieces("b"))]
    with pytest.raises(NotLeading):
        logs.store_all(batches, token=token)
    assert not texts(job)


def test_hostile_text_is_made_storable(job, run, token):
    logs.store(run, pieces("a\0b", "half \ud83d", "x" * 20_000, "end\r\n"), token=token)
    stored = texts(job)
    assert stored[0] == "a\u2400b" and stored[1] == "half ?" and stored[3] == "end"
    assert stored[2].startswith("x" * MOST_CHARACTERS) and stored[2].endswith("20,000 characters]")


def test_a_progress_bar_of_one_moment_is_one_line(job, run, token):
    bar = pieces("10 %", "20 %", "30 %", first=2, redraw=True)
    logs.store(run, [*pieces("start"), *bar], token=token)
    (only,) = logs.lines_after(job, 0)
    assert (only.text, only.redraw) == ("30 %", False)
    run.refresh_from_db()
    assert run.log_mark == "4"
    logs.store(run, pieces("40 %", first=5, redraw=True), token=token)
    assert [(line.n, line.redraw) for line in logs.lines_after(job, 0)] == [(1, False), (2, True)]


def test_of_a_log_that_is_too_long_head_and_tail_stay(job, run, token, monkeypatch):
    monkeypatch.setattr(storing, "MOST_LINES", 20)
    monkeypatch.setattr(storing, "HEAD", 5)
    monkeypatch.setattr(storing, "STEP", 10)
    for start in range(1, 51, 10):
        logs.store(run, pieces(*map(str, range(start, start + 10)), first=start), token=token)
    kept = [line.n for line in logs.lines_after(job, 0)]
    assert kept == [1, 2, 3, 4, 5, *range(36, 51)]


def test_a_program_says_how_far_it_is_and_that_it_saved_its_work(job, run, token):
    said = ["millwright: progress 1840/3000 steps", "[x] millwright: checkpoint step-1840"]
    logs.store(run, pieces(*said), token=token)
    job.refresh_from_db()
    assert job.progress == pytest.approx(0.6133, abs=1e-4)
    assert job.progress_words == "1,840 of 3,000 steps"
    assert job.checkpointed_at == START + timedelta(seconds=2)
    logs.store(run, pieces("millwright: progress 61.5%", "more", first=3), token=token)
    job.refresh_from_db()
    assert (job.progress, job.progress_words) == (0.615, "61.5 %")
    assert job.checkpointed_at == START + timedelta(seconds=2)


def test_reading_goes_both_ways_and_around(job, run, token):
    logs.store(run, pieces(*map(str, range(1, 101))), token=token)
    assert [line.n for line in logs.lines_after(job, 95)] == [96, 97, 98, 99, 100]
    assert [line.n for line in logs.lines_before(job, 5, 3)] == [2, 3, 4]
    assert [line.n for line in logs.lines_before(job, None, 2)] == [99, 100]
    assert [line.n for line in logs.lines_around(job, 50, 4)] == [48, 49, 50, 51]


def test_a_search_counts_and_takes_text_as_it_is_meant(job, run, token):
    lines = ["NCCL up", "100 % done", "\x1b[31mnc\x1b[0mcl slow", "100 x done"]
    logs.store(run, pieces(*lines), token=token)
    assert logs.found(job, "nccl").numbers == [1, 3]
    assert logs.found(job, "100 %").numbers == [2]
    assert logs.found(job, "1_0").count == 0
    assert logs.found(job, "done", limit=1) == logs.Found([2], more=True)


def test_a_download_gives_every_line_in_order(job, run, token):
    logs.store(run, pieces(*map(str, range(1, 12))), token=token)
    parts = [[line.n for line in part] for part in logs.everything(job, chunk=5)]
    assert parts == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11]]


def test_a_pod_is_kept_until_its_log_is_read_or_for_an_hour(run, token):
    now = timezone.now()
    assert logs.unread(run, now=now)
    run.ended_at = now
    assert logs.unread(run, now=now + GRACE / 2) and not logs.unread(run, now=now + GRACE)
    run.save()
    logs.store(run, pieces("last words"), token=token)
    with pytest.raises(NotLeading):
        logs.finish(run.pk, "", token=token)
    logs.finish(run.pk, "1", token=token)
    run.refresh_from_db()
    assert not logs.unread(run, now=now)


def test_old_logs_and_measures_go_and_others_stay(consumer, claims, token, settings):
    settings.LOG_DAYS = 90
    now = timezone.now()
    old = running(consumer, claims, ended_at=now - timedelta(days=91))
    fresh = running(consumer, claims, ended_at=now - timedelta(days=89))
    for job in (old, fresh):
        logs.store(job.runs.get(), pieces("a", "b"), token=token)
        Measure.objects.create(job=job, tenant=claims, at=START)
    assert logs.drop_old(now) == 3
    assert set(LogLine.objects.values_list("job_id", flat=True)) == {fresh.pk}
    assert Measure.objects.get().job_id == fresh.pk
    assert logs.kept_until(fresh) == fresh.ended_at + timedelta(days=90)


def test_a_log_is_locked_to_its_tenant(job, run, token, stranger):
    logs.store(run, pieces("secret"), token=token)
    with tenancy.acting_as(stranger):
        assert not texts(job)
