"""Submitting, and what people wish afterwards: every need checked, in words, by field."""

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from compute.jobs import services
from compute.jobs.models import Happening, Job
from compute.jobs.services.attempts import order_of
from portal.audit.models import Event
from portal.core.errors import Conflict, Refused
from tests.compute.jobs import stage
from tests.compute.jobs.stage import fresh

WRONG = [
    ("name", " "), ("name", "x" * 81), ("command", ""), ("command", "[open"), ("command", [1]),
    ("command", ["a"] * 201), ("image", "Has Space"), ("gpus", -1), ("gpus", "two"),
    ("gpus", "NaN"), ("gpus", True), ("gpus", "1.5"), ("gpu_memory_gb", "40.5"), ("cpu", 0),
    ("memory_gb", "0.01"), ("nodes", 0), ("nodes", 257), ("time_limit_s", 0),
    ("time_limit_s", 2_592_001), ("retries", 11), ("data_class", "secret"), ("region", "moon"),
    ("priority", "highest"), ("checkpoint", "../etc"), ("checkpoint", "a b"), ("notify", "yes"),
    ("checkpoint", "/tmp/x"),
    ("variables", {"1A": "x"}), ("variables", {"MILLWRIGHT_JOB": "x"}), ("variables", {"A": 1}),
    ("variables", ["A"]), ("variables", {"DB_PASSWORD": "x"}),
    ("variables", {"millwright_x": "1"}),
    ("variables", {"A": "AKIAABCDEFGHIJKLMNOP"}),
    ("datasets", "claims"), ("datasets", [""]), ("owner", "me"),
]  # fmt: skip


@pytest.mark.parametrize("field, value", WRONG)
def test_what_cannot_be_is_refused_at_its_field(a100, claims, consumer, field, value):
    with pytest.raises(Refused) as refused:
        stage.ask(claims, consumer, **{field: value})
    assert refused.value.field == field and refused.value.detail
    assert not Job.objects.exists()


def test_a_job_is_a_row_a_line_and_a_trail(job, consumer):
    assert (job.status, job.gpus, job.command) == ("submitted", 1, ["python", "train.py"])
    assert Happening.objects.get(job=job).words == "Submitted by consumer."
    assert Event.objects.filter(verb="submitted", subject_id=str(job.pk)).exists()


@pytest.mark.parametrize("line", ["python train.py --name 'two words' $HOME", "exit 5", "cd /tmp"])
def test_a_line_that_a_shell_would_read_is_run_by_one(a100, claims, consumer, line):
    assert stage.ask(claims, consumer, command=line).command == ["sh", "-c", line]


def test_only_its_own_people_submit_for_a_tenant(a100, claims, stranger, operator, auditor):
    for person in (stranger, operator, auditor):
        with pytest.raises(PermissionDenied):
            stage.ask(claims, person)


def test_high_priorities_are_given_by_owners(a100, claims, consumer, owner):
    with pytest.raises(Refused, match="owners"):
        stage.ask(claims, consumer, priority="urgent")


def test_more_than_there_could_ever_be_is_refused_in_words(a100, claims, consumer):
    with pytest.raises(Refused) as refused:
        stage.ask(claims, consumer, gpus=8, nodes=2)
    assert refused.value.field == "gpus" and "8 GPUs" in refused.value.detail


def test_a_cluster_needs_an_image(vision, claims, consumer):
    far = stage.flavour(stage.cluster(vision, "far", engine="kueue"), "h100")
    stage.quota(claims, far)
    with pytest.raises(Refused) as refused:
        stage.ask(claims, consumer)
    assert refused.value.field == "image"
    assert stage.ask(claims, consumer, image="registry.example/train:1").pk


@pytest.mark.parametrize("data_class, region", [("internal", ""), ("restricted", "eu-central")])
def test_data_that_may_not_travel_binds_a_job(a100, claims, consumer, data_class, region):
    assert stage.ask(claims, consumer, data_class=data_class).region == region


def test_bound_data_gets_no_hardware_elsewhere(vision, claims, consumer):
    abroad = stage.flavour(stage.cluster(vision, "abroad", region="us-east"))
    stage.quota(claims, abroad)
    assert stage.ask(claims, consumer).pk
    with pytest.raises(Refused) as refused:
        stage.ask(claims, consumer, data_class="confidential")
    assert refused.value.field == "region"


def test_retrying_makes_a_new_job_with_the_same_needs(job, consumer, engine):
    with pytest.raises(Conflict):
        services.retry(job, by=consumer)
    services.cancel(job, by=consumer)
    services.converge(job.pk)
    again = services.retry(fresh(job), by=consumer)
    assert again.pk != job.pk and services.asks_of(again) == services.asks_of(job)


def test_strangers_change_nothing(job, stranger, auditor, finance, governor):
    for person in (stranger, auditor, finance, governor):
        for act in (services.cancel, services.retry):
            with pytest.raises(PermissionDenied):
                act(job, by=person)
        with pytest.raises(PermissionDenied):
            services.prioritise(job, by=person, to="low")


def test_cancelling_twice_is_cancelling_once(job, consumer, operator):
    first = services.cancel(job, by=consumer, note="wrong data")
    assert first.cancel_reason == "Cancelled by consumer. wrong data"
    assert services.cancel(job, by=operator).cancel_reason == first.cancel_reason
    assert Happening.objects.filter(job=job, kind="cancel").count() == 1


def test_a_changed_priority_reaches_the_engine(job, consumer, operator, engine):
    services.converge(job.pk)
    with pytest.raises(Conflict):
        services.prioritise(job, by=consumer, to="normal")
    services.prioritise(job, by=operator, to="urgent")
    services.converge(job.pk)
    assert engine._held[stage.attempt_name(job)].priority == "urgent"
    assert order_of(job.attempts.get()).priority == "urgent"


def test_templates_hold_values_and_are_changed_by_writer_and_owners(claims, consumer, stranger):
    kept = services.write_template(
        claims, by=consumer, name="Nightly", asks={"gpus": "0.5", "nodes": 1}
    )
    assert (kept.slug, kept.asks) == ("nightly", {"gpus": "0.50", "nodes": 1})
    with pytest.raises(Conflict):
        services.write_template(claims, by=consumer, name="nightly", asks={})
    with pytest.raises(Refused) as refused:
        services.change_template(kept, by=consumer, name="Nightly", asks={"gpus": -1})
    assert refused.value.field == "gpus"
    with pytest.raises(PermissionDenied):
        services.change_template(kept, by=stranger, name="Mine", asks={})
    services.change_template(kept, by=consumer, name="Nightly", asks={"cpu": 2})
    services.shelve_template(kept, by=consumer)
    assert kept.archived_at and fresh(kept).asks == {"cpu": "2.00"}
    assert services.shelve_template(kept, by=consumer, back=True).archived_at is None


def test_a_template_starts_a_job(a100, claims, consumer):
    kept = services.write_template(claims, by=consumer, name="Half", asks={"cpu": "1.5"})
    made = stage.ask(claims, consumer, template=kept, **kept.asks)
    assert (made.template, made.cpu) == (kept, Decimal("1.5"))


def test_an_archived_template_starts_no_job_and_its_jobs_can_be_run_again(a100, claims, consumer):
    kept = services.write_template(claims, by=consumer, name="Half", asks={"cpu": "1.5"})
    job = stage.ask(claims, consumer, template=kept)
    services.shelve_template(kept, by=consumer)
    with pytest.raises(Refused, match="archived") as refused:
        stage.ask(claims, consumer, template=kept)
    assert refused.value.field == "template"
    services.cancel(job, by=consumer)
    services.converge(job.pk)
    assert services.retry(fresh(job), by=consumer).template == kept


def test_a_name_that_is_taken_in_the_same_moment_is_a_conflict(claims, consumer, monkeypatch):
    services.write_template(claims, by=consumer, name="Nightly", asks={})
    monkeypatch.setattr("django.db.models.query.QuerySet.first", lambda rows: None)
    with pytest.raises(Conflict, match="has a template of this name"):
        services.write_template(claims, by=consumer, name="Nightly", asks={})
