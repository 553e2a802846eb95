"""The main job, as its people do it: found, asked for, approved, called, paid, proven."""

import json
import subprocess
import urllib.request

import pytest
from playwright.sync_api import expect

SLUG = "digits"


@pytest.fixture(scope="module")
def kept() -> dict:
    """What one chapter hands to the next: the key, the number of a call."""
    return {}


def call(stack, key: str, path: str, body: dict | None = None) -> tuple[dict, dict]:
    """One call through the gateway: the answer and its headers."""
    request = urllib.request.Request(
        stack.gateway + path,
        data=json.dumps(body).encode() if body is not None else None,
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer), dict(answer.headers)


def test_1_a_consumer_finds_digits_by_a_slightly_wrong_word_and_asks(visit, kept):
    page = visit("consumer")
    page.goto("/models/")
    page.get_by_role("searchbox", name="Search the catalogue").fill("digts")
    page.keyboard.press("Enter")
    page.get_by_role("link", name=SLUG, exact=True).click()
    page.get_by_role("link", name="Ask for access").first.click()
    page.get_by_role("button", name="Ask for access").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    page.get_by_label("Environment").select_option("production")
    page.get_by_label("Purpose").fill("Read the numbers on scanned claim forms")
    page.get_by_label("Expected calls a month").fill("2500")
    expect(page.get_by_text("€1.00")).to_be_visible()
    page.get_by_role("button", name="Ask for access").click()
    expect(page.get_by_text("Waiting for a decision").first).to_be_visible()
    kept["request"] = page.url


def test_2_an_owner_approves_and_the_waiting_page_hears_of_it(visit, kept):
    waiting, deciding = visit("consumer"), visit("owner")
    waiting.goto(kept["request"])
    expect(waiting.get_by_text("Waiting for a decision").first).to_be_visible()
    expect(waiting.get_by_text("Live", exact=True)).to_be_visible()
    deciding.goto("/queue/")
    deciding.get_by_text("Read the numbers on scanned claim forms").first.click()
    deciding.get_by_label("Reason shown to consumer").fill("Internal data, small volume")
    deciding.get_by_role("button", name="Approve").last.click()
    expect(waiting.get_by_text("Approved").first).to_be_visible()


def test_3_the_consumer_predicts_from_the_page(visit):
    page = visit("consumer")
    page.goto(f"/models/{SLUG}/")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#try .panel-foot")).to_contain_text("v1")


def test_4_the_consumer_makes_a_key_that_is_shown_once(visit, kept):
    page = visit("consumer")
    page.goto("/keys/new/")
    page.get_by_label("Name", exact=True).fill("form reader")
    page.get_by_role("button", name="Make the key").click()
    kept["key"] = page.locator(".token code").inner_text()
    page.get_by_role("link", name="I have stored it").click()
    expect(page.get_by_text(kept["key"])).to_have_count(0)


def test_5_curl_from_the_page_works_as_it_is(visit, stack, kept):
    page = visit("consumer")
    page.goto(f"/models/{SLUG}/use/")
    command = page.locator("pre").first.inner_text()
    assert stack.gateway in command
    done = subprocess.run(
        ["bash", "-c", command],
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "MILLWRIGHT_KEY": kept["key"]},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert json.loads(done.stdout[done.stdout.index("{") :])["outputs"][0]["data"]


def test_6_an_open_inference_client_needs_nothing_but_address_and_key(stack, kept):
    facts, _ = call(stack, kept["key"], f"/v2/models/{SLUG}")
    inputs = [
        {"name": one["name"], "shape": [1, 1], "datatype": one["datatype"], "data": [0.0]}
        for one in facts["inputs"]
    ]
    answer, headers = call(stack, kept["key"], f"/v2/models/{SLUG}/infer", {"inputs": inputs})
    assert answer["outputs"][0]["shape"] == [1]
    kept["call"] = headers["x-request-id"]


def test_7_the_call_is_on_the_usage_page_within_seconds(visit, stack, kept):
    page = visit("consumer")
    page.goto("/usage/")
    rows = page.locator("#newest tbody tr, [data-live-src] tbody tr").filter(has_text=SLUG)
    before = rows.count()
    facts, _ = call(stack, kept["key"], f"/v2/models/{SLUG}")
    example = [
        {"name": one["name"], "shape": [1, 1], "datatype": one["datatype"], "data": [1.0]}
        for one in facts["inputs"]
    ]
    call(stack, kept["key"], f"/v2/models/{SLUG}/infer", {"inputs": example})
    expect(rows).to_have_count(before + 1)
    page.goto("/statements/")
    page.locator("tbody a").first.click()
    expect(page.get_by_text("Predictions, price version 1")).to_be_visible()


def test_8_the_auditor_reads_the_whole_story(visit):
    page = visit("auditor")
    page.goto("/audit/")
    for told in ("asked", "approved", "granted", "issued"):
        expect(page.get_by_text(told, exact=True).first).to_be_visible()


def test_9_the_publisher_publishes_the_third_model(visit):
    page = visit("publisher")
    page.goto("/publish/")
    page.locator("tbody").get_by_role("link", name="Confirm diabetes-progression").click()
    page.locator("main form button[type=submit]").click()
    page.goto("/models/diabetes-progression/publish/")
    page.get_by_label("Price").fill("1.20")
    page.get_by_label("Everyone").check()
    page.get_by_role("button", name="Publish").first.click()
    page.goto("/models/diabetes-progression/")
    expect(page.get_by_text("Diabetes").first).to_be_visible()
    stranger = visit("stranger")
    stranger.goto("/models/?q=diabetes")
    expect(stranger.get_by_role("link", name="diabetes-progression", exact=True)).to_be_visible()


def test_10_a_newcomer_finds_compares_and_asks_without_the_docs(visit):
    page = visit("stranger")
    page.get_by_role("link", name="Open the catalogue").click()
    page.get_by_role("searchbox", name="Search the catalogue").fill("recognise tumours")
    page.keyboard.press("Enter")
    first = page.locator("ol.results > li").first
    expect(first.get_by_role("link", name="breast-cancer-risk", exact=True)).to_be_visible()
    page.get_by_role("link", name="All models").click()
    for slug in (SLUG, "breast-cancer-risk"):
        page.get_by_role("checkbox", name=f"Compare {slug}", exact=True).check()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="Metrics")).to_be_visible()
    page.locator("main").get_by_role("link", name="breast-cancer-risk", exact=True).click()
    page.get_by_role("link", name="Ask for access").first.click()
    page.get_by_label("Environment").select_option("development")
    page.get_by_label("Purpose").fill("A second reading of the risk score")
    page.get_by_label("Expected calls a month").fill("100")
    page.get_by_role("button", name="Ask for access").click()
    expect(page.get_by_text("Waiting for a decision").first).to_be_visible()
