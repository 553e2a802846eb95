"""The first wall alone: whose work a person reads when the database would show all of it."""

from django.contrib.auth.models import AnonymousUser

from compute.capacity.models import Queue, Quota
from compute.jobs.models import Job
from tenants.directory.roles import TenantRole
from tests.conftest import person


def test_querysets_show_a_team_its_own_rows_and_the_platform_all(
    job, consumer, stranger, owner, operator, auditor
):
    for model in (Job, Queue, Quota):
        rows = model.objects.filter(tenant=job.tenant)
        assert rows.exists(), model
        for who in (consumer, operator, auditor):
            assert rows.visible_to(who).count() == rows.count(), (model, who)
        for who in (stranger, owner, AnonymousUser()):
            assert not rows.visible_to(who).exists(), (model, who)


def test_only_the_team_and_operators_read_what_its_programs_print(
    job, consumer, stranger, operator, auditor
):
    may = {p.username for p in (consumer, stranger, operator, auditor)
           if Job.objects.readable_by(p).filter(pk=job.pk).exists()}  # fmt: skip
    assert may == {"consumer", "operator"}


def test_rights_told_with_a_row_are_those_of_the_question(
    job, claims, consumer, publisher, stranger, operator, auditor
):
    head = person("head", claims, TenantRole.OWNER)
    Job.objects.create(tenant=claims, person=stranger, name="of one who left")
    for who in (consumer, head, publisher, stranger, operator, auditor, AnonymousUser()):
        rows = Job.objects.with_rights(who)
        read, change = Job.objects.readable_by(who), Job.objects.changeable_by(who)
        assert {each.pk for each in rows if each.may_read} == ids(read), who
        assert {each.pk for each in rows if each.may_change} == ids(change), who
    changes = [Job.objects.changeable_by(who).count() for who in (consumer, head, stranger)]
    assert changes == [1, 2, 0]


def ids(rows) -> set:
    return set(rows.values_list("pk", flat=True))
