"""The log on pages and in the API: parts, search, download, and who may read."""

import pytest

from compute.jobs import logs
from portal.core import tenancy
from tests.compute.jobs.logbook import leading, pieces, running


@pytest.fixture
def job(consumer, claims):
    job = running(consumer, claims)
    lines = [*(f"step={n} loss=0.4" for n in range(1, 400)), "\x1b[31mERROR\x1b[0m <b>no</b>"]
    logs.store(job.runs.get(), pieces(*lines), token=leading())
    job.refresh_from_db()
    return job


@pytest.fixture
def page(client, consumer):
    client.force_login(consumer)

    def ask(address: str, expect: int = 200):
        answer = client.get(address)
        assert answer.status_code == expect, answer.content[:500]
        return answer

    return ask


def test_the_page_shows_the_newest_lines_without_any_script(page, job):
    html = page(f"/jobs/{job.pk}/").content.decode()
    assert 'id="L400"' in html and 'id="L101"' in html and 'id="L100"' not in html
    assert "Lines 101–400 of 400" in html and "Kept 90 days after the end" in html
    assert "log-line--bad" in html and "&lt;b&gt;no&lt;/b&gt;" in html


def test_a_search_works_without_any_script(page, job):
    html = page(f"/jobs/{job.pk}/?q=STEP%3D1&at=1").content.decode()
    assert "1 of 111" in html and "<mark>step=1</mark>" in html
    assert "none" in page(f"/jobs/{job.pk}/?q=nowhere").content.decode()


def test_parts_come_after_before_and_around_a_number(page, job):
    address = f"/jobs/{job.pk}/log/"
    for asked, first, last in [
        ("after=398", 399, 400), ("before=3", 1, 2), ("around=50&limit=10", 45, 54),
        ("", 101, 400), ("after=nonsense", 101, 400), ("after=400", 0, 0),
    ]:  # fmt: skip
        part = page(f"{address}?{asked}").content.decode()
        assert f'data-first="{first}" data-last="{last}" data-newest="400"' in part
    assert "<mark>loss</mark>" in page(f"{address}?q=loss").content.decode()


def test_where_a_text_is(page, job):
    found = page(f"/jobs/{job.pk}/log/find/?q=error").json()
    assert found == {"numbers": [400], "more": False}


def test_the_whole_log_as_a_file(page, job):
    answer = page(f"/jobs/{job.pk}/log/download/")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="{job.short_id}.log"'
    lines = answer.getvalue().decode().splitlines()
    assert len(lines) == 400
    assert lines[0] == "2026-11-25T13:41:03.000000Z step=1 loss=0.4"
    assert lines[-1].endswith("ERROR <b>no</b>")


def test_the_api_gives_lines_behind_a_number(page, job):
    answer = page(f"/api/v1/jobs/{job.pk}/logs/?after=398").json()
    assert answer["last"] == 400
    assert [line["n"] for line in answer["lines"]] == [399, 400]
    assert answer["lines"][1]["text"] == "ERROR <b>no</b>"
    page(f"/api/v1/jobs/{job.pk}/logs/?after=x", expect=400)
    page(f"/api/v1/jobs/{job.pk}/logs/?befor=1", expect=400)


@pytest.mark.parametrize("who", ["auditor", "governor"])
def test_who_proves_things_sees_the_job_and_not_its_log(client, job, request, who):
    client.force_login(request.getfixturevalue(who))
    html = client.get(f"/jobs/{job.pk}/").content.decode()
    assert "loss=0.4" not in html and "only people of Claims and operators read it" in html
    for part in ("log/", "log/find/?q=x", "log/download/"):
        assert client.get(f"/jobs/{job.pk}/{part}").status_code == 403
    assert client.get(f"/api/v1/jobs/{job.pk}/logs/").status_code == 403


def test_for_others_there_is_no_job(client, job, stranger):
    client.force_login(stranger)
    for part in ("", "log/", "log/find/?q=x", "log/download/", "measures/"):
        assert client.get(f"/jobs/{job.pk}/{part}").status_code == 404
    assert client.get(f"/api/v1/jobs/{job.pk}/logs/").status_code == 404
    assert client.get(f"/api/v1/jobs/{job.pk}/measures/").status_code == 404


@pytest.mark.parametrize(
    ("status", "ended", "words"),
    [
        ("queued", False, "The log begins when the job starts."),
        ("running", False, "It has printed nothing yet."),
        ("succeeded", True, "It printed nothing."),
    ],
)
def test_an_empty_log_says_why(page, consumer, claims, status, ended, words):
    with tenancy.as_system():
        job = running(consumer, claims, status=status)
        if ended:
            job.ended_at = job.created_at
            job.save()
            assert "being read" in page(f"/jobs/{job.pk}/").content.decode()
            job.runs.update(log_read_at=job.ended_at)
    html = page(f"/jobs/{job.pk}/").content.decode()
    assert words in html


def test_redraws_that_are_folded_are_told_in_the_foot(page, consumer, claims):
    with tenancy.as_system():
        job = running(consumer, claims)
        run, token = job.runs.get(), leading()
        for n in range(1, 5):
            logs.store(run, pieces(f"{n} of 4", first=n, redraw=True), token=token)
    assert "of 4, 3 redrawn</span>" in page(f"/jobs/{job.pk}/").content.decode()
