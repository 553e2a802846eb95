"""How busy hardware is: asked of a real server, written down, idleness noticed, shown."""

from datetime import timedelta

import pytest
from django.utils import timezone

from compute.engines.measures import (
    EngineRefused,
    EngineUnavailable,
    PrometheusMeasures,
    Use,
    measures_of,
)
from compute.jobs import leasing, measured, measuring
from compute.jobs.keeping.sampling import Sampling
from compute.jobs.models import Measure
from tests.compute.jobs.exporter import exporting
from tests.compute.jobs.logbook import leading, running

NOW = timezone.now()


@pytest.fixture
def exporter():
    with exporting() as script:
        yield script


@pytest.fixture
def job(consumer, claims):
    return running(consumer, claims, nodes=2, started_at=NOW - timedelta(minutes=5))


def pods(job) -> list[str]:
    return list(job.runs.order_by("index").values_list("pod_name", flat=True))


def busy(job, share: float, *, at=NOW, token: int) -> None:
    measuring.write({job.pk: Use(gpu=share, cpu=0.4)}, token=token, now=at)
    job.refresh_from_db()


def test_figures_come_by_pod_in_our_units(exporter, job):
    first, second = pods(job)
    exporter.samples = {
        "DCGM_FI_DEV_GPU_UTIL": [
            ({"pod": first, "gpu": "0"}, 90), ({"pod": first, "gpu": "1"}, 70),
            ({"pod": "dcgm-exporter", "exported_pod": second}, 10), ({"pod": "web-1"}, 99),
        ],
        "DCGM_FI_DEV_FB_USED": [({"pod": first, "gpu": str(n)}, 40_960) for n in range(2)],
        "container_cpu_usage_seconds_total": [
            ({"pod": first, "container": "main"}, 3.0), ({"pod": first, "container": ""}, 3.0),
        ],
        "container_memory_working_set_bytes": [({"pod": first, "container": "main"}, 2**31)],
    }  # fmt: skip
    found = PrometheusMeasures(exporter.url).now()
    assert found == {first: Use(0.8, 80.0, 3.0, 2.0), second: Use(gpu=0.1)}
    assert len(exporter.asked) == 4


@pytest.mark.parametrize(
    ("status", "body", "wrong"),
    [
        (503, b"", EngineUnavailable),
        (200, b"<html>", EngineUnavailable),
        (200, b'{"data": {"result": [{"metric": {}}]}}', EngineUnavailable),
        (400, b'{"status": "error", "error": "bad query"}', EngineRefused),
    ],
)
def test_another_answer_is_no_measure(exporter, status, body, wrong):
    exporter.broken = (status, body)
    with pytest.raises(wrong):
        PrometheusMeasures(exporter.url).now()


def test_nothing_listens_there():
    with pytest.raises(EngineUnavailable):
        PrometheusMeasures("http://127.0.0.1:9").now()
    assert measures_of("") is None


def test_a_job_is_the_sum_of_its_pods_and_a_share_of_what_it_asked_for(job):
    first, second = pods(job)
    used = {first: Use(0.8, 40.0, 3.0, 2.0), second: Use(0.4, 20.0, 1.0, 1.0), "x": Use(1.0)}
    assert measuring.of_jobs(measuring.pods(), used) == {
        job.pk: Use(pytest.approx(0.6), 60.0, 0.5, 3.0)
    }
    assert measuring.of_jobs(measuring.pods(), {}) == {}


def test_a_sample_goes_from_the_server_to_our_rows(exporter, job):
    first, _ = pods(job)
    exporter.samples = {"DCGM_FI_DEV_GPU_UTIL": [({"pod": first}, 50)]}
    lease = leasing.take("a test")
    assert Sampling(PrometheusMeasures(exporter.url), lease).sample() == 1
    kept = Measure.objects.get(job_id=job.pk)
    assert (kept.gpu, kept.cpu, kept.tenant_id) == (0.5, None, job.tenant_id)


def test_an_overtaken_keeper_writes_no_measure(job):
    assert measuring.write({job.pk: Use(gpu=0.5)}, token=leading() + 1) == 0
    assert not Measure.objects.exists()


def test_a_job_is_idle_since_its_first_idle_sample_until_it_works(job):
    token = leading()
    busy(job, 0.9, token=token)
    assert job.idle_since is None
    busy(job, 0.01, at=NOW + timedelta(seconds=15), token=token)
    busy(job, 0.02, at=NOW + timedelta(seconds=30), token=token)
    assert job.idle_since == NOW + timedelta(seconds=15)
    busy(job, 0.05, at=NOW + timedelta(seconds=45), token=token)
    assert job.idle_since is None


def test_what_nobody_measures_any_more_is_not_called_idle(job):
    token = leading()
    busy(job, 0.0, token=token)
    assert job.idle_since
    measuring.write({}, token=token, now=NOW + timedelta(minutes=1))
    job.refresh_from_db()
    assert job.idle_since
    measuring.write({}, token=token, now=NOW + timedelta(minutes=3))
    job.refresh_from_db()
    assert job.idle_since is None


def test_the_page_says_that_nothing_is_measured(client, consumer, job, settings):
    settings.PROMETHEUS_URL = ""
    client.force_login(consumer)
    html = client.get(f"/jobs/{job.pk}/measures/").content.decode()
    assert "Nothing is measured here" in html and "every 15s" in html
    job.ended_at = timezone.now()
    assert measured.panel(job).words.startswith("Nothing is measured here")
    job.started_at = job.ended_at = None
    assert measured.panel(job).words.startswith("Nothing is measured here")


def test_the_page_shows_what_is_measured_and_leaves_gaps(client, consumer, job):
    now = timezone.now()
    for seconds, gpu in ((600, 0.9), (585, 0.8), (15, 0.7)):
        at = now - timedelta(seconds=seconds)
        Measure.objects.create(job=job, tenant=job.tenant, at=at, gpu=gpu, memory_gb=1.5)
    panel = measured.panel(job)
    assert [figure.name for figure in panel.figures] == ["GPU busy", "Memory"]
    assert panel.figures[0].now == "70 %" and panel.figures[1].now == "1.5 GB of 2 GB"
    client.force_login(consumer)
    html = client.get(f"/jobs/{job.pk}/measures/").content.decode()
    assert html.count('class="line"') >= 1 and "GPU busy, last 15 minutes: 70 %" in html


def test_the_api_gives_the_newest_measures_in_order(client, consumer, job):
    for n in range(3):
        at = NOW - timedelta(seconds=15 * n)
        Measure.objects.create(job=job, tenant=job.tenant, at=at, gpu=n / 10)
    client.force_login(consumer)
    found = client.get(f"/api/v1/jobs/{job.pk}/measures/").json()
    assert [each["gpu"] for each in found] == [0.2, 0.1, 0.0]
