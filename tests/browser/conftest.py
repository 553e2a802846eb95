"""One running product and one Chromium for all browser tests."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.stack import Stack

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
PATIENCE = 30_000


def pytest_collection_modifyitems(items):
    if CHROMIUM or os.environ.get("CI"):
        return
    missing = pytest.mark.skip(reason="there is no Chromium: `make browser` installs one")
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(missing)


@pytest.fixture(scope="session")
def stack():
    """The product, started as a person would, with its demonstration.

    STACK_VAR names the data folder of one that is running already, while tests are written.
    """
    if os.environ.get("STACK_VAR"):
        running = Stack(Path(os.environ["STACK_VAR"]))
        running.read()
        yield running
        return
    folder = Path(tempfile.mkdtemp(prefix="millwright-browser-"))
    running = Stack(folder)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def browser():
    if not CHROMIUM:
        pytest.fail("There is no Chromium: `make browser` installs one.")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(stack, browser):
    """`visit("consumer")` signs in and gives a page; a complaint in the console fails the test."""
    contexts, complaints = [], []

    def sign_in(name: str, **options):
        context = browser.new_context(base_url=stack.url, **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda problem: complaints.append(str(problem)))
        page.on("console", lambda said: _note(said, complaints))
        page.goto("/accounts/login/")
        page.get_by_label("User name").fill(stack.people[name]["username"])
        page.get_by_label("Password", exact=True).fill(stack.people[name]["password"])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/accounts/" not in url)
        return page

    yield sign_in
    for context in contexts:
        context.close()
    assert not complaints


def _note(said, complaints: list[str]) -> None:
    if said.type == "error" and "Failed to load resource" not in said.text:
        complaints.append(said.text)
