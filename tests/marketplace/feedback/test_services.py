"""The rules of feedback: who speaks, who answers, who is told, and what stays sealed."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, ProgrammingError, connection, transaction

from marketplace.feedback import reading
from marketplace.feedback import services as feedback
from marketplace.feedback.lifecycle import ReportStatus
from marketplace.feedback.models import Affected, Rating, Reply, Report
from portal.audit.models import Event
from portal.core import tenancy
from portal.core.errors import Conflict, Refused
from portal.core.ids import new_id
from portal.core.lifecycle import ForbiddenMove, Overtaken
from portal.core.permissions import disallow
from portal.notices.models import Notice
from tenants.directory.roles import TenantRole
from tests import factories
from tests.conftest import person as enrol_person
from tests.marketplace.feedback.conftest import hold


def told(person) -> list[str]:
    return [notice.title for notice in Notice.objects.filter(person=person).order_by("id")]


def verbs(subject) -> list[str]:
    return list(Event.objects.about(subject).oldest_first().values_list("verb", flat=True))


def test_a_person_whose_team_may_call_it_rates_once(held, consumer, publisher):
    first = feedback.rate(held, by=consumer, stars=2, sentence=" Slow  at\nnoon ")
    again = feedback.rate(held, by=consumer, stars=5, sentence="Fast now")
    assert first.pk == again.pk and Rating.objects.count() == 1
    assert (again.stars, again.sentence, again.tenant.slug) == (5, "Fast now", "claims")
    assert first.sentence == "Slow at noon" and again.version == 1
    assert told(publisher) == ["digits was given 2 of 5 stars"]
    assert verbs(first) == ["rated", "rated"]


@pytest.mark.parametrize("who", ["stranger", "owner", "publisher", "governor", "auditor"])
def test_nobody_else_rates(held, who, request):
    with pytest.raises(PermissionDenied):
        feedback.rate(held, by=request.getfixturevalue(who), stars=1, sentence="Bad")
    assert not Rating.objects.exists()


def test_whoever_lost_access_cannot_rate_any_more(held, consumer, claims):
    for role in TenantRole:
        disallow(claims.group(role), "use_aimodel", held)
    with pytest.raises(PermissionDenied):
        feedback.rate(held, by=consumer, stars=4, sentence="Fine")


@pytest.mark.parametrize(
    ("stars", "sentence", "field"),
    [(0, "x", "stars"), (6, "x", "stars"), (3, " \0 ", "sentence"), (3, "x" * 281, "sentence")],
)
def test_a_rating_is_one_to_five_stars_with_a_sentence(held, consumer, stars, sentence, field):
    with pytest.raises(Refused) as refused:
        feedback.rate(held, by=consumer, stars=stars, sentence=sentence)
    assert refused.value.field == field


def test_a_rating_is_taken_back_by_its_person_alone(held, consumer, second_owner):
    rating = feedback.rate(held, by=consumer, stars=4, sentence="Fine")
    with pytest.raises(PermissionDenied):
        feedback.take_back(rating, by=second_owner)
    feedback.take_back(rating, by=consumer)
    assert not Rating.objects.exists() and "took back a rating" in verbs(held)


def test_a_report_tells_the_publishers_and_seals_the_example(report, owner, publisher, consumer):
    assert (report.status, str(report.tenant), str(report.provider)) == (
        "open",
        "claims",
        "vision",
    )
    assert not told(owner)  # enrolled after it was reported
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM portal_secret WHERE sealed LIKE '%%pixel%%'")
        assert cursor.fetchone() == (0,)
    assert feedback.example_of(report, by=consumer) == '{"pixel": [1, 7]}'
    assert feedback.example_of(report, by=publisher) == '{"pixel": [1, 7]}'
    assert verbs(report) == ["reported", "read the example", "read the example"]


def test_publishers_and_owners_are_told_of_a_report(held, consumer, owner, publisher, stranger):
    feedback.report(held, by=consumer, title="Wrong on blue ink")
    for person in (owner, publisher):
        assert told(person) == ["digits: a problem was reported"]
    assert told(stranger) == told(consumer) == []


@pytest.mark.parametrize("who", ["stranger", "governor", "operator", "auditor", "finance"])
def test_nobody_else_reads_the_example(report, who, request):
    with pytest.raises(PermissionDenied):
        feedback.example_of(report, by=request.getfixturevalue(who))


def test_a_report_without_example_has_none_to_read(held, consumer):
    bare = feedback.report(held, by=consumer, title="Slow", example="  \n")
    assert bare.has_example is False
    with pytest.raises(Refused, match="no example"):
        feedback.example_of(bare, by=consumer)


@pytest.mark.parametrize("who", ["stranger", "governor", "auditor"])
def test_nobody_else_reports(held, who, request):
    with pytest.raises(PermissionDenied):
        feedback.report(held, by=request.getfixturevalue(who), title="Wrong")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 141}, "title"),
        ({"title": "x", "text": "y" * 4001}, "text"),
        ({"title": "x", "version": 99}, "version"),
        ({"title": "x", "example": "é" * 40_000}, "example"),
    ],
)
def test_bad_words_are_refused_at_their_field(held, consumer, given, field):
    with pytest.raises(Refused) as refused:
        feedback.report(held, by=consumer, **given)
    assert refused.value.field == field and not Report.objects.exists()


def test_there_is_an_end_to_reporting(held, consumer):
    for n in range(20):
        feedback.report(held, by=consumer, title=f"Wrong {n}")
    with pytest.raises(Conflict, match="20 unsolved reports"):
        feedback.report(held, by=consumer, title="Wrong again")


def test_the_reporter_hears_in_which_version_it_is_fixed(report, consumer, publisher):
    factories.version(report.model, 2)
    feedback.confirm(report, by=publisher, note="Seen here too")
    feedback.fix(report, by=publisher, version=2, note="Trained on more sevens")
    assert (report.status, report.fixed_in) == (ReportStatus.FIXED, 2)
    news = ["vision confirmed your report on digits", "Fixed in version 2 of digits"]
    assert told(consumer) == news
    assert verbs(report) == ["reported", "confirmed", "fixed"]
    stored = Report.objects.get(pk=report.pk)
    assert (stored.fixed_in, stored.reason) == (2, "Trained on more sevens")


def test_a_version_with_the_problem_does_not_fix_it(report, publisher):
    with pytest.raises(Refused, match="It was seen in version 1; name a later one") as refused:
        feedback.fix(report, by=publisher, version=1)
    assert refused.value.field == "version" and report.status == ReportStatus.OPEN


def test_what_is_still_wrong_is_opened_again(report, consumer, publisher):
    factories.version(report.model, 2)
    feedback.fix(report, by=publisher, version=2)
    feedback.reopen(report, by=consumer, note="Not with blue ink")
    assert (report.status, report.fixed_in) == (ReportStatus.OPEN, None)
    assert told(publisher)[-1] == "Still wrong: digits, Reads 7 as 1"
    feedback.close(report, by=consumer)
    with pytest.raises(ForbiddenMove):
        feedback.confirm(report, by=publisher)


def test_a_fix_names_a_version_that_exists_and_a_no_says_why(report, publisher):
    with pytest.raises(Refused) as refused:
        feedback.fix(report, by=publisher, version=9)
    assert refused.value.field == "version"
    with pytest.raises(Refused) as refused:
        feedback.decline(report, by=publisher, note=" ")
    assert refused.value.field == "note" and Report.objects.get().status == "open"


@pytest.mark.parametrize("verb", ["confirm", "fix", "decline"])
@pytest.mark.parametrize("who", ["consumer", "stranger", "governor", "operator", "auditor"])
def test_only_publishers_answer(report, verb, who, request):
    more = {"version": 1} if verb == "fix" else {"note": "So it is"}
    with pytest.raises(PermissionDenied):
        getattr(feedback, verb)(report, by=request.getfixturevalue(who), **more)


@pytest.mark.parametrize("verb", ["close", "reopen"])
@pytest.mark.parametrize("who", ["publisher", "stranger", "operator", "auditor"])
def test_only_the_team_that_reported_closes(report, verb, who, request):
    with pytest.raises(PermissionDenied):
        getattr(feedback, verb)(report, by=request.getfixturevalue(who), note="Done")


def test_of_two_hands_one_wins(report, publisher, owner):
    stale = Report.objects.to_show().get(pk=report.pk)
    feedback.confirm(report, by=publisher)
    with pytest.raises(Overtaken):
        feedback.decline(stale, by=owner, note="No")
    assert Report.objects.get(pk=report.pk).reason == ""


def test_replies_go_to_the_other_side(report, consumer, publisher, stranger):
    feedback.reply(report, by=publisher, text="Which scanner?")
    feedback.reply(report, by=consumer, text="The old one")
    assert told(consumer) == ["Reply on digits: Reads 7 as 1"]
    assert told(publisher)[-1] == "Reply on digits: Reads 7 as 1"
    assert [row.by_publisher for row in Reply.objects.all()] == [True, False]
    with pytest.raises(PermissionDenied):
        feedback.reply(report, by=stranger, text="Me too")
    with pytest.raises(Refused):
        feedback.reply(report, by=consumer, text=" ")


def test_the_database_shows_rows_to_both_sides_alone(report, consumer, publisher, stranger):
    feedback.reply(report, by=publisher, text="Which scanner?")
    feedback.rate(report.model, by=consumer, stars=3, sentence="Fair")
    for person, count in ((consumer, 1), (publisher, 1), (stranger, 0)):
        with tenancy.acting_as(person):
            for kind in (Report, Reply, Rating):
                assert kind.objects.count() == count, (person, kind)


def test_a_reply_cannot_be_filed_under_another_tenant(report, retail, stranger):
    whose = {"tenant": retail, "provider": report.provider, "author": stranger}
    with pytest.raises(IntegrityError), transaction.atomic():
        Reply.objects.create(report=report, by_publisher=False, text="x", **whose)


def test_nobody_writes_in_the_name_of_a_tenant_they_do_not_reach(report, stranger):
    forged = {"tenant": report.tenant, "provider": report.provider, "reporter": stranger}
    refused = pytest.raises(ProgrammingError, match="row-level security")
    with refused, tenancy.acting_as(stranger):
        Report.objects.create(id=new_id(), model=report.model, title="Forged", **forged)


def test_a_second_team_may_be_named(held, consumer, claims, retail, stranger):
    hold(retail, held)
    assert feedback.callers(consumer, held) == [claims]
    with pytest.raises(PermissionDenied):
        feedback.report(held, by=consumer, title="Wrong", tenant=retail)
    assert feedback.report(held, by=stranger, title="Wrong", tenant=retail).tenant == retail


def test_others_say_that_it_affects_them_too(report, retail, stranger, publisher, claims):
    hold(retail, report.model)
    mate = enrol_person("mate", claims, TenantRole.CONSUMER)
    for who in (stranger, stranger, mate, publisher):
        feedback.affects(report, by=who)
    row, problem = reading.find(report.pk, stranger)
    assert (problem.affected, problem.affects_me, problem.reporter) == (3, True, "")
    feedback.spares(row, by=mate)
    feedback.spares(row, by=mate)
    assert reading.find(report.pk, mate)[1].affected == 2
    said = ["said it affects them", "said it no longer affects them"]
    found = Event.objects.filter(actor="mate", verb__in=said).order_by("id")
    assert [event.verb for event in found] == said


def test_whom_it_affects_hears_in_which_version_it_is_fixed(report, retail, stranger, publisher):
    hold(retail, report.model)
    feedback.affects(report, by=stranger)
    feedback.confirm(report, by=publisher, note="Seen here too")
    factories.version(report.model, 2)
    feedback.fix(report, by=publisher, version=2)
    confirmed = "vision confirmed a problem with digits that affects you"
    assert told(stranger) == [confirmed, "Fixed in version 2 of digits"]
    with pytest.raises(Conflict, match="It is fixed"):
        feedback.affects(report, by=publisher)


@pytest.mark.parametrize("who", ["consumer", "stranger", "governor", "auditor"])
def test_who_reported_and_who_cannot_call_it_are_not_affected_too(report, who, request):
    with pytest.raises(PermissionDenied):
        feedback.affects(report, by=request.getfixturevalue(who))
    assert not Affected.objects.exists()


def test_one_team_does_not_read_whom_of_another_it_affects(report, retail, stranger, consumer):
    hold(retail, report.model)
    said = feedback.affects(report, by=stranger)
    assert not Affected.objects.visible_to(consumer).exists()
    with tenancy.acting_as(consumer):
        assert not Affected.objects.filter(pk=said.pk).exists()
    with tenancy.acting_as(stranger):
        assert Affected.objects.filter(pk=said.pk).exists()
