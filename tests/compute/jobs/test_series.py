"""A series of jobs: many at once that differ in their variables, written in bulk, all or none."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compute.engines.jobs import EngineRefused
from compute.jobs import limits, series_text, services, variables
from compute.jobs.models import Attempt, Happening, Job
from compute.jobs.services import attempts
from compute.jobs.services.series import stem_of
from portal.audit.models import Event
from portal.audit.services import genuine
from portal.core.errors import Refused
from portal.notices.models import Notice
from tests.compute.jobs import stage
from tests.compute.jobs.stage import fresh
from tests.compute.jobs.test_api import ASKED, post
from tests.compute.jobs.test_views import FORM

RATES = [{"LR": "0.1"}, {"LR": "0.01"}, {"LR": "0.001", "EPOCHS": "9"}]


def ask(tenant, by, each=RATES, **asks) -> list[Job]:
    facts = {"name": "train", "command": ["python", "train.py"], "gpus": 1, "cpu": "1.5"}
    return services.submit_series(tenant, by=by, each=each, **facts | asks)


def test_each_job_has_its_own_variables_over_the_common_ones(a100, claims, consumer):
    made = ask(claims, consumer, variables={"EPOCHS": "3"}, priority="low")
    stored = list(Job.objects.order_by("pk"))
    assert stored == made
    assert [(job.name, job.variables) for job in stored] == [
        ("train 1/3", {"EPOCHS": "3", "LR": "0.1"}),
        ("train 2/3", {"EPOCHS": "3", "LR": "0.01"}),
        ("train 3/3", {"EPOCHS": "9", "LR": "0.001"}),
    ]
    alone = stage.ask(claims, consumer, name="train", cpu="1.5", priority="low")
    same = services.asks_of(fresh(alone)) | {"variables": None}
    assert all(services.asks_of(job) | {"variables": None} == same for job in stored)


def shared(attempt) -> dict:
    """The part of an order that all of a series have."""
    return {k: v for k, v in attempt.order.items() if k not in ("name", "uid", "variables")}


def test_each_has_the_attempt_that_it_would_have_alone(a100, claims, consumer, engine):
    made = ask(claims, consumer, checkpoint="runs/a")
    alone = stage.ask(claims, consumer, cpu="1.5", checkpoint="runs/a", variables={"LR": "0.1"})
    for job in [*made, alone]:
        attempt = job.attempts.get()
        order = attempts.order_of(attempt)
        assert attempt.number == 1 and attempt.cluster == fresh(job).cluster == a100.cluster
        assert (order.name, order.uid) == (attempt.engine_name, str(attempt.pk))
        assert order.variables.items() >= (job.variables | {"MILLWRIGHT_JOB": str(job.pk)}).items()
        assert shared(attempt) == shared(alone.attempts.get())
    for job in made:
        services.converge(job.pk)
    assert [order.variables["LR"] for order in engine.orders] == [own["LR"] for own in RATES]


def test_each_has_its_lines_in_the_trail_and_on_its_timeline(a100, claims, consumer):
    alone = stage.ask(claims, consumer, cpu="1.5")
    made = ask(claims, consumer, [{"N": str(n)} for n in range(230)])
    lines = Event.objects.filter(verb="submitted", subject_id__in=[str(job.pk) for job in made])
    assert lines.count() == len(made) and all(map(genuine, lines))
    assert len({(line.writer, line.wseq) for line in lines}) == len(made)
    assert {line.label for line in lines} == {job.name for job in made}
    assert {line.tenant_id for line in lines} == {claims.pk}
    assert lines[0].facts["actor"] == "consumer"
    assert lines[0].facts["facts"] == Event.objects.about(alone).get().facts["facts"]
    told = Happening.objects.filter(job__in=made)
    assert told.count() == len(made)
    assert {(one.key, one.words) for one in told} == {("submitted", "Submitted by consumer.")}


def test_long_names_are_cut_before_the_number(a100, claims, consumer):
    made = ask(claims, consumer, [{}] * 12, name="x" * 80)
    assert made[11].name == "x" * 74 + " 12/12"
    assert all(job.name.startswith(stem_of("x" * 80, 12)) for job in made)


WRONG = [
    ([], "each"), ("LR=1", "each"), ([{}] * (limits.MOST_SERIES + 1), "each"),
    ([{"LR": "1"}, {"1A": "x"}], "each.1"), ([{}, {"LR": 1}], "each.1"), ([["LR"]], "each.0"),
    ([{}, {}, {"API_KEY": "x"}], "each.2"), ([{"MILLWRIGHT_JOB": "x"}], "each.0"),
    ([{}, {f"V{n}": "" for n in range(variables.MOST)}], "each.1"),
]  # fmt: skip


@pytest.mark.parametrize(("each", "field"), WRONG)
def test_a_wrong_entry_is_named_and_nothing_is_submitted(a100, claims, consumer, each, field):
    with pytest.raises(Refused) as refused:
        ask(claims, consumer, each, variables={"EPOCHS": "3"})
    assert refused.value.field == field and refused.value.detail
    assert not Job.objects.exists() and not Attempt.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"gpus": 64}, "gpus"), ({"priority": "urgent"}, "priority"), ({"command": ""}, "command"),
     ({"owner": "me"}, "owner"), ({"name": ""}, "name")],
)  # fmt: skip
def test_what_one_job_may_not_ask_a_series_may_not(a100, claims, consumer, wrong, field):
    with pytest.raises(Refused) as refused:
        ask(claims, consumer, **wrong)
    assert refused.value.field == field and not Job.objects.exists()


def test_only_its_own_people_submit_a_series(a100, claims, stranger, operator, auditor):
    for person in (stranger, operator, auditor):
        with pytest.raises(PermissionDenied):
            ask(claims, person)


def test_all_or_none_are_written(a100, claims, consumer, monkeypatch):
    monkeypatch.setattr("compute.jobs.services.told.tell", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        ask(claims, consumer)
    assert not Job.objects.exists() and not Event.objects.filter(verb="submitted").exists()


def test_many_cost_as_many_statements_as_few(a100, claims, consumer):
    counts = []
    ask(claims, consumer)  # what is asked once and kept
    for many in (2, 100, 400):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            ask(claims, consumer, [{"N": str(n)} for n in range(many)])
        counts.append(len(asked))
    few, hundred, most = counts
    assert few == hundred and most - hundred <= 3


def test_all_are_ordered_by_one_message(
    a100, claims, consumer, monkeypatch, django_capture_on_commit_callbacks
):
    sent = []
    monkeypatch.setattr(
        "celery.canvas.Signature.apply_async",
        lambda one, *_, **__: sent.append((one.task, one.kwargs)),
    )
    with django_capture_on_commit_callbacks(execute=True):
        made = ask(claims, consumer, [{"N": str(n)} for n in range(120)])
    assert ("jobs.order", {"job_id": str(made[-1].pk)}) in sent
    assert sorted(task for task, _ in sent) == ["jobs.estimate", "jobs.order"]


def test_a_series_is_ordered_whole(a100, engine, claims, consumer):
    made = ask(claims, consumer, [{"N": str(n)} for n in range(120)])
    services.order(made[-1].pk)
    assert Attempt.objects.filter(ordered_at=None).count() == 0
    assert {order.name for order in engine.orders} >= set(map(stage.attempt_name, made))


def test_many_that_are_cancelled_are_visited_together(
    a100, engine, claims, consumer, monkeypatch, django_capture_on_commit_callbacks
):
    made = ask(claims, consumer)
    services.converge_all([job.pk for job in made])
    over = made[0]
    engine.run(stage.attempt_name(over))
    engine.finish(stage.attempt_name(over))
    services.converge(over.pk)
    sent = []
    monkeypatch.setattr(
        "celery.canvas.Signature.apply_async",
        lambda one, *_, **__: sent.append((one.task, one.kwargs)),
    )
    with django_capture_on_commit_callbacks(execute=True):
        done, refused = services.cancel_all(made, by=consumer)
    assert [job.pk for job in done] == [job.pk for job in made[1:]]
    assert list(refused) == [over] and "has ended" in refused[over]
    asked = [kwargs for task, kwargs in sent if task.startswith("jobs.converge")]
    assert asked == [{"job_ids": [str(job.pk) for job in done]}]


@pytest.mark.parametrize("several", [False, True])
def test_what_no_engine_takes_is_said_at_the_first_visit(
    a100, claims, consumer, monkeypatch, several
):
    def refuse(*_):
        raise EngineRefused("A job needs luck.")

    monkeypatch.setattr(attempts, "_order", refuse)
    made = ask(claims, consumer) if several else [stage.ask(claims, consumer)]
    assert not Attempt.objects.exists()
    for job in made:
        ended = services.converge(job.pk)
        assert (ended.status, ended.reason) == ("failed", "A job needs luck.")


def test_a_series_by_program(client, consumer, claims, a100):
    asked = ASKED | {"variables": {"EPOCHS": "3"}, "each": [{"LR": "0.1"}, {"LR": 0.01}]}
    key = {"Idempotency-Key": "once"}
    made = post(client, consumer, "jobs/series/", asked, **key)
    assert made["count"] == 2 and Job.objects.count() == 2
    assert [(row["name"], row["variables"]["LR"]) for row in made["jobs"]] == [
        ("train 1/2", "0.1"), ("train 2/2", "0.01"),
    ]  # fmt: skip
    assert {row["id"] for row in made["jobs"]} == {str(job.pk) for job in Job.objects.all()}
    assert post(client, consumer, "jobs/series/", asked, **key) == made
    assert Job.objects.count() == 2


def test_a_series_takes_the_values_of_a_template(client, consumer, claims, a100):
    held = {"command": "python train.py", "gpus": 1, "variables": {"EPOCHS": "3"}}
    kept = services.write_template(claims, by=consumer, name="Nightly", asks=held)
    post(
        client,
        consumer,
        "jobs/series/",
        {"tenant": "claims", "template": "nightly", "each": RATES},
    )
    assert {job.template for job in Job.objects.all()} == {kept}
    assert Job.objects.get(name="Nightly 1/3").variables == {"EPOCHS": "3", "LR": "0.1"}


@pytest.mark.parametrize(
    ("each", "field"),
    [(None, "each"), ([], "each"), ([{}] * 501, "each"), ("LR", "each"), ([{}, ["LR"]], "each.1"),
     ([{}, {}, {}, {"API_KEY": "x"}], "each.3"), ([{"LR": None}], "each.0.LR")],
)  # fmt: skip
def test_the_entry_at_fault_is_named(client, consumer, a100, each, field):
    body = ASKED | ({} if each is None else {"each": each})
    said = post(client, consumer, "jobs/series/", body, 422)
    assert field in said["errors"] and not Job.objects.exists()


def test_a_series_by_program_asks_the_same_for_few_and_many(client, consumer, a100):
    counts = []
    for many in (2, 2, 90):
        with CaptureQueriesContext(connection) as asked:
            body = ASKED | {"each": [{"N": str(n)} for n in range(many)]}
            post(client, consumer, "jobs/series/", body)
        counts.append(len(asked))
    assert counts[1] == counts[2]


def test_a_pasted_table_submits_a_series(client, consumer, a100):
    client.force_login(consumer)
    answer = client.post("/jobs/new/", FORM | {"each": "LR\tNOTE\r\n0.1\tone, two\r\n0.01\t\r\n"})
    assert answer.status_code == 302
    asked = parse_qs(urlsplit(answer["Location"]).query)
    first, second = Job.objects.order_by("pk")
    assert asked == {"series": [str(first.pk)], "tenant": ["claims"]}
    text = client.get(answer["Location"]).content.decode()
    assert "2 jobs are submitted" in text and "Train digits 2/2" in text
    assert first.variables == {"EPOCHS": "3", "LR": "0.1", "NOTE": "one, two"}
    assert second.variables == {"EPOCHS": "3", "LR": "0.01", "NOTE": ""}


def test_a_wrong_line_is_named_and_what_was_typed_stays(client, consumer, a100):
    client.force_login(consumer)
    table = "LR,EPOCHS\n0.1,3\n0.01"
    answer = client.post("/jobs/new/", FORM | {"each": table})
    text = answer.content.decode()
    assert answer.status_code == 422 and "Line 3: 1 value for 2 in the first line." in text
    assert table in text and "python train.py" in text and not Job.objects.exists()


@pytest.mark.parametrize("table", ["", " \n\n"])
def test_without_a_table_one_job_is_submitted(client, consumer, a100, table):
    client.force_login(consumer)
    client.post("/jobs/new/", FORM | {"each": table})
    assert Job.objects.get().name == "Train digits"


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ("LR\n0.1\n\n0.01\n", [{"LR": "0.1"}, {"LR": "0.01"}]),
        ('A,B\n1,"x, y"\n"say ""a""", z', [{"A": "1", "B": "x, y"}, {"A": 'say "a"', "B": "z"}]),
        ("A\tB\n1,5\t2\n3\t\n", [{"A": "1,5", "B": "2"}, {"A": "3", "B": ""}]),
    ],
)
def test_a_table_is_read_as_spreadsheets_give_it(table, found):
    assert series_text.read_series(table) == found


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("LR", "a line of values"), ("LR,LR\n1,2", "Line 1: 'LR' stands there twice"),
        ("\n1A\n2", "Line 2: '1A' cannot be a name"), ("LR\n1\n1,2", "Line 3: 2 values for 1"),
        ("API_KEY\n1", "Line 1: API_KEY looks like a secret"),
        ('A\n"x', "Line 2: close the quotes"),
        ("A,\n1,2", "Line 1: '' cannot be a name"), ("A\n" + "1\n" * 501, "500 lines"),
        ("A\n1\n" + "x" * 4001, "Line 3: Shorten A"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_used_says_where(table, words):
    with pytest.raises(ValueError, match=words):
        series_text.read_series(table)


def titles(person) -> list[str]:
    return list(
        Notice.objects.filter(person=person).order_by("id").values_list("title", flat=True)
    )


def ended(jobs, engine, *codes: int) -> None:
    """Each runs and ends with one of these exit codes, in their order."""
    services.converge_all([job.pk for job in jobs])
    for job, code in zip(jobs, codes, strict=True):
        engine.run(stage.attempt_name(job))
        engine.finish(stage.attempt_name(job), code)
        services.converge(job.pk)


def test_a_series_tells_of_its_end_and_not_of_each_job(a100, engine, claims, consumer):
    made = ask(claims, consumer, [{"N": str(n)} for n in range(4)])
    ended(made[:3], engine, 0, 0, 0)
    assert titles(consumer) == []
    ended(made[3:], engine, 0)
    assert titles(consumer) == ["train: 4 succeeded"]
    assert Notice.objects.get().href == f"/jobs/?series={made[0].pk}&tenant=claims"


def test_a_series_tells_of_its_first_failure_at_once(a100, engine, claims, consumer):
    made = ask(claims, consumer, [{"N": str(n)} for n in range(4)])
    ended(made, engine, 0, 3, 3, 0)
    assert titles(consumer) == ["train 2/4 failed", "train: 2 failed, 2 succeeded"]
    alone = ask(claims, consumer, [{"N": "1"}])
    ended(alone, engine, 0)
    assert titles(consumer)[2:] == ["train: 1 succeeded"]


def test_who_cancels_a_series_is_not_told_of_it(a100, engine, claims, consumer, operator):
    mine, others = ask(claims, consumer), ask(claims, consumer)
    for job in mine:
        services.cancel(job, by=consumer)
    for job in others:
        services.cancel(job, by=operator)
    services.converge_all([job.pk for job in mine + others])
    assert titles(consumer) == [f"train: {len(others)} cancelled"]


def test_a_list_shows_one_series_and_a_job_leads_to_its_own(client, consumer, a100, claims):
    others, made = ask(claims, consumer), ask(claims, consumer)
    client.force_login(consumer)
    listed = client.get(f"/jobs/?series={made[0].pk}")
    assert {row.job for row in listed.context["rows"]} == set(made)
    assert b"One series only" in listed.content
    assert b"One series only" not in client.get("/jobs/").content
    assert f"?series={made[0].pk}" in client.get(f"/jobs/{made[1].pk}/").content.decode()
    found = client.get(f"/api/v1/jobs/?series={others[0].pk}").json()["results"]
    assert {one["id"] for one in found} == {str(job.pk) for job in others}
    assert {one["series"] for one in found} == {str(others[0].pk)}
    assert b"series is not" in client.get("/jobs/?series=nonsense").content
