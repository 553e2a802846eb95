"""The log of a job that really runs, as people watch it: live, searched, linked, on a phone."""

import json
import statistics
import time
import urllib.request

import pytest
from playwright.sync_api import expect

PROGRAM = """
import sys, time
for n in range(1, 1501):
    print(f"step={n} loss={1 / n:.4f}")
print("\\x1b[31mERROR\\x1b[0m <b>not bold</b>")
print("NCCL slow link", "x" * 600)
sys.stdout.flush()
for percent in range(0, 101, 20):
    print(f"\\rdownload {percent} %", end="", flush=True)
    time.sleep(0.4)
print()
print("millwright: checkpoint step-1500", flush=True)
for n in range(100):
    print(f"tick {n} at {time.time() * 1000:.0f}", flush=True)
    time.sleep(0.35)
time.sleep(2)
"""
WATCH = """
() => {
  window.delays = [];
  const opened = Date.now() + 1000;
  new MutationObserver((changes) => {
    for (const change of changes) for (const line of change.addedNodes) {
      const found = /tick \\d+ at (\\d+)/.exec(line.textContent ?? "");
      if (found && Number(found[1]) > opened) window.delays.push(Date.now() - Number(found[1]));
    }
  }).observe(document.querySelector("[data-log-lines]"), { childList: true });
}
"""


def ask(stack, path: str, body: dict | None = None) -> dict:
    """One request of the REST API as the consumer."""
    request = urllib.request.Request(
        f"{stack.url}/api/v1/{path}",
        data=json.dumps(body).encode() if body is not None else None,
        headers={
            "Authorization": f"Bearer {stack.people['consumer']['token']}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def job(stack) -> dict:
    """A job that prints for more than half a minute."""
    return ask(stack, "jobs/", {
        "tenant": "claims", "name": "print a lot", "command": ["python", "-c", PROGRAM],
        "needs": {"gpus": 0, "cpu": "0.5", "memory_gb": "0.5"}, "time_limit_s": 300,
    })  # fmt: skip


def test_1_lines_appear_as_they_are_printed(visit, job):
    page = visit("consumer")
    page.goto(f"/jobs/{job['id']}/")
    page.evaluate(WATCH)
    lines = page.locator("[data-log-lines]")
    expect(lines.get_by_text("tick 99 at")).to_be_visible(timeout=120_000)
    delays = page.evaluate("window.delays")
    print(f"\nfrom printed to on the page: median {statistics.median(delays):.0f} ms, "
          f"most {max(delays)} ms, {len(delays)} lines")  # fmt: skip
    assert len(delays) >= 20
    expect(page.get_by_role("button", name="Follow")).to_have_attribute("aria-pressed", "true")
    expect(lines.get_by_text("download 100 %")).to_have_count(1)
    expect(lines.get_by_text("download 80 %")).to_have_count(0)


def test_2_scrolling_up_stops_following_and_older_lines_come(visit, job):
    page = visit("consumer")
    page.goto(f"/jobs/{job['id']}/")
    body, first = page.locator("[data-log-body]"), page.locator("#L1")
    expect(page.locator("[data-log-lines] .log-line").first).to_be_visible()
    for _ in range(300):
        body.evaluate("(box) => box.scrollBy(0, -4000)")
        page.wait_for_timeout(150)
        if first.count():
            break
    expect(first).to_have_count(1)
    expect(page.get_by_role("button", name="Follow")).to_have_attribute("aria-pressed", "false")
    assert page.locator("[data-log-lines] > *").count() <= 2000


def test_3_a_search_steps_through_what_it_found(visit, job):
    page = visit("consumer")
    page.goto(f"/jobs/{job['id']}/")
    box, count = (
        page.get_by_role("searchbox", name="Search the log"),
        page.locator("[data-log-count]"),
    )
    box.fill("step=15")
    expect(count).to_have_text("12 of 12", timeout=15_000)
    expect(page.locator("mark.is-here")).to_be_visible()
    box.press("Enter")
    expect(count).to_have_text("1 of 12")
    expect(page.locator("#L15 mark.is-here")).to_be_visible()
    box.fill("nothing like it")
    expect(count).to_have_text("none")
    box.press("Escape")
    expect(page.locator("mark")).to_have_count(0)


def test_4_a_link_leads_to_its_line_and_text_is_inert(visit, job):
    page = visit("consumer")
    page.goto(f"/jobs/{job['id']}/#L700")
    expect(page.locator("#L700")).to_be_visible()
    expect(page.locator("#L700")).to_have_class("log-line is-chosen")
    expect(page.get_by_role("button", name="Copy link to line")).to_be_visible()
    page.goto(f"/jobs/{job['id']}/#L1501")
    page.reload()
    expect(page.locator("#L1501 .an-red")).to_have_text("ERROR")
    expect(page.locator("#L1501")).to_contain_text("<b>not bold</b>")
    assert page.locator("#L1501 b").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_5_it_fits_a_phone(visit, job, scheme, tmp_path):
    page = visit("consumer", viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page.goto(f"/jobs/{job['id']}/")
    expect(page.locator("[data-log-lines] .log-line").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    wide = page.locator("[data-log-body]").evaluate("(box) => box.scrollWidth - box.clientWidth")
    assert wide <= 0
    page.locator("#job-log").screenshot(path=tmp_path / f"log-{scheme}.png")


def test_6_without_scripts_the_newest_lines_and_the_download_are_there(visit, job):
    page = visit("consumer", java_script_enabled=False)
    page.goto(f"/jobs/{job['id']}/")
    expect(page.locator("[data-log-lines] .log-line").last).to_be_visible()
    expect(page.get_by_role("link", name="Download the whole log")).to_be_visible()
    expect(page.get_by_role("button", name="Follow")).to_be_hidden()


def test_7_what_was_told_and_read_is_kept_after_the_end(stack, job):
    give_up = time.monotonic() + 120
    while (seen := ask(stack, f"jobs/{job['id']}/"))["status"] != "succeeded":
        assert time.monotonic() < give_up, seen
        time.sleep(1)
    found = ask(stack, f"jobs/{job['id']}/logs/?after=1500&limit=2000")
    assert found["lines"][0]["text"] == "ERROR <b>not bold</b>"
    assert found["lines"][-1]["text"].startswith("tick 99")


def test_the_page_of_a_job_that_was_just_asked_for_fills_by_itself(visit, stack):
    told = "print('at once'); print('millwright: progress 40%', flush=True)"
    said = f"import time; {told}; time.sleep(40)"
    asked = ask(stack, "jobs/", {
        "tenant": "claims", "name": "prompt", "command": ["python", "-c", said],
        "needs": {"gpus": 0, "cpu": "0.5", "memory_gb": "0.5"}, "time_limit_s": 300,
    })  # fmt: skip
    page = visit("consumer")
    page.goto(f"/jobs/{asked['id']}/")
    expect(page.locator("[data-log-lines]").get_by_text("at once")).to_be_visible()
    expect(page.locator("[data-log-empty]")).to_be_hidden()
    expect(page.locator("#job-side").get_by_role("heading", name="Progress")).to_be_visible()
    steps = page.locator("#job-steps")
    before = steps.inner_text()
    page.wait_for_function(
        "was => document.getElementById('job-steps').innerText !== was", arg=before
    )
    page.get_by_role("button", name="Cancel job").click()
    expect(page.get_by_label("Reason")).to_be_focused()
    page.keyboard.type(" no more ")
    expect(page.locator("#cancel")).to_be_visible()
    page.get_by_role("button", name="Cancel the job").click()
    expect(page.locator("#job-pill")).to_contain_text("Cancelled")
