"""Templates of a team: kept, changed, put away, started from; and how things read."""

from types import SimpleNamespace

import pytest

from compute.jobs import commands, variables, wording
from compute.jobs.models import Job, Template
from tenants.directory import services as directory
from tenants.directory.roles import TenantRole
from tests.compute.jobs.test_views import FORM, page


@pytest.fixture
def kept(client, consumer, a100):
    client.force_login(consumer)
    fields = FORM | {"name": "Nightly", "description": "Each night"}
    assert client.post("/jobs/templates/new/", fields).status_code == 302
    return Template.objects.get()


def test_a_template_holds_what_was_typed(kept, claims, consumer):
    assert (kept.tenant, kept.person, kept.description) == (claims, consumer, "Each night")
    assert kept.asks["command"] == ["python", "train.py"] and kept.asks["time_limit_s"] == 5400


def test_everybody_in_the_team_starts_from_it_and_nobody_else(client, kept, consumer, stranger):
    for path in ("/jobs/templates/", "/jobs/new/", kept.get_absolute_url()):
        assert "Nightly" in page(client, consumer, path)
    assert "Nightly" not in page(client, stranger, "/jobs/templates/")
    page(client, stranger, kept.get_absolute_url(), 404)
    text = page(client, consumer, f"/jobs/new/?template={kept.pk}")
    assert "python train.py" in text and 'value="90 min"' in text
    client.post("/jobs/new/", FORM | {"template": str(kept.pk)})
    assert Job.objects.get().template == kept


def test_its_writer_and_owners_change_it(client, kept, claims, consumer, owner, operator):
    at = kept.get_absolute_url()
    assert client.post(at, FORM | {"name": "Nightly", "retries": "4"}).status_code == 302
    kept.refresh_from_db()
    assert kept.asks["retries"] == 4
    directory.seat(owner, claims, TenantRole.CONSUMER, by=None)
    for person in (owner, operator):
        assert "What it holds" in page(client, person, at)
        assert client.post(at, FORM | {"name": "Taken over"}).status_code == 403
        assert client.post(f"{at}archive/").status_code == 403


def test_an_archived_one_is_offered_no_more_and_comes_back(client, kept, consumer):
    at, start = kept.get_absolute_url(), f"/jobs/new/?template={kept.pk}"
    client.post(f"{at}archive/")
    assert at not in page(client, consumer, "/jobs/templates/")
    assert start not in page(client, consumer, "/jobs/new/")
    assert at in page(client, consumer, "/jobs/templates/?show=archived")
    client.post(f"{at}restore/")
    assert start in page(client, consumer, "/jobs/new/")


def test_a_name_that_is_taken_is_said_at_the_field(client, kept, consumer):
    answer = client.post("/jobs/templates/new/", FORM | {"name": "nightly"})
    assert answer.status_code == 422 and "has a template of this name" in answer.content.decode()


def test_a_job_is_copied_into_a_template(client, kept, consumer):
    client.post("/jobs/new/", FORM | {"name": "One that went well"})
    job = Job.objects.get()
    text = page(client, consumer, f"/jobs/templates/new/?job={job.pk}")
    assert "One that went well" in text and 'value="90 min"' in text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("6 h", 21_600), ("90 min", 5400), ("1h30", None), ("1 h 30 min", 5400), ("45s", 45),
        ("2 days", 172_800), ("1:30", 5400), ("1:00:30", 3630), ("1,5 h", 5400), ("6", None),
        ("soon", None), ("31 days", None), ("0 s", None), ("5 parsecs", None), ("1 week", 604_800),
    ],
)  # fmt: skip
def test_a_length_of_time_is_read_as_people_write_it(text, seconds):
    if seconds is None:
        with pytest.raises(ValueError, match=r"[A-Z0-9]"):
            wording.read_span(text)
    else:
        assert wording.read_span(text) == seconds
        assert wording.read_span(wording.span_to_edit(seconds)) == seconds


@pytest.mark.parametrize(
    ("asks", "words"),
    [
        ({"gpus": "4", "gpu_memory_gb": 40}, "4 GPUs with 40 GB or more"),
        ({"gpus": "1", "nodes": 2}, "1 GPU, 2 nodes"), ({"gpus": "0.50"}, "0.5 of a GPU"),
        ({"cpu": "8.00", "memory_gb": "32.00"}, "8 cores, 32 GB"),
    ],
)  # fmt: skip
def test_needs_read_as_words(asks, words):
    assert wording.needs_of_template(asks) == words


def test_what_it_got_is_named_once_it_has_it():
    got = SimpleNamespace(has_gpus=True, name="H100 80 GB")
    asks = SimpleNamespace(gpus="4.00", gpu_memory_gb=40, cpu=1, memory_gb=1, nodes=2)
    assert wording.needs_in_words(asks, got) == "4 × H100 80 GB, 2 nodes"


@pytest.mark.parametrize(
    "text",
    [
        "python train.py --lr=0.1",
        "a | b",
        '["a b", "$x"]',
        "X=1 y",
        "echo 'a  b'",
        "a  b",
        "exit 5",
        "[ -f data ]",
        '["exit", "5"]',
        '[ "a", "b" ]',
    ],
)
def test_a_command_reads_back_as_it_was(text):
    command = commands.read_command(text)
    assert commands.read_command(commands.write_command(command)) == command


@pytest.mark.parametrize(
    "name", ["API_KEY", "hf_token", "DB_PASSWORD", "AWS_SECRET_ACCESS_KEY", "SSH_KEY", "pwd"]
)
def test_names_of_secrets_are_refused_with_a_hint(name):
    with pytest.raises(ValueError, match="secret store"):
        variables.read_variables(f"{name}=x")


@pytest.mark.parametrize("name", ["MAX_TOKENS", "TOKENIZERS_PARALLELISM", "KEYS", "SORT_KEY"])
def test_other_names_are_not(name):
    assert variables.read_variables(f"# note\n\n{name}=a=b") == {name: "a=b"}


@pytest.mark.parametrize(
    "value",
    ["AKIAABCDEFGHIJKLMNOP", "ghp_" + "a1" * 18, "mw_live_x", "-----BEGIN RSA PRIVATE KEY-----"],
)
def test_values_that_look_like_keys_are_refused(value):
    with pytest.raises(ValueError, match="secret store"):
        variables.read_variables(f"NAME={value}")


@pytest.mark.parametrize("line", ["exit 5", "cd data", ". ./env", "source env", "[ -f data ]"])
def test_a_line_that_begins_with_a_word_of_the_shell_is_run_by_one(line):
    assert commands.read_command(line) == ["sh", "-c", line]


def test_an_archived_one_fills_in_nothing_and_starts_nothing(client, kept, consumer):
    client.post(f"{kept.get_absolute_url()}archive/")
    text = page(client, consumer, f"/jobs/new/?template={kept.pk}")
    assert "This template is archived" in text and "python train.py</textarea>" not in text
    answer = client.post("/jobs/new/", FORM | {"template": str(kept.pk)})
    assert answer.status_code == 422 and "starts no jobs" in answer.content.decode()
    assert not Job.objects.exists()
    assert f"?template={kept.pk}" not in page(client, consumer, "/jobs/templates/?show=archived")


def test_a_copy_of_a_job_names_no_archived_template(client, kept, consumer):
    client.post("/jobs/new/", FORM | {"template": str(kept.pk)})
    client.post(f"{kept.get_absolute_url()}archive/")
    text = page(client, consumer, f"{Job.objects.get().get_absolute_url()}clone/")
    assert "python train.py" in text and str(kept.pk) not in text
