"""The first wall alone: whose work a person reads when the database would show all of it."""

from django.contrib.auth.models import AnonymousUser

from compute.capacity.models import Queue, Quota
from compute.jobs.models import Job


def test_querysets_show_a_team_its_own_rows_and_the_platform_all(
    job, consumer, stranger, owner, operator, auditor
):
    for model in (Job, Queue, Quota):
        rows = model.objects.filter(tenant=job.tenant)
        assert rows.exists(), model
        for person in (consumer, operator, auditor):
            assert rows.visible_to(person).count() == rows.count(), (model, person)
        for person in (stranger, owner, AnonymousUser()):
            assert not rows.visible_to(person).exists(), (model, person)


def test_only_the_team_and_operators_read_what_its_programs_print(
    job, consumer, stranger, operator, auditor
):
    may = {p.username for p in (consumer, stranger, operator, auditor)
           if Job.objects.readable_by(p).filter(pk=job.pk).exists()}  # fmt: skip
    assert may == {"consumer", "operator"}
