"""Every page as people see it: no rule of accessibility broken, nothing wider than the screen."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 360, "height": 780}
PAGES = {
    "consumer": [
        "/",
        "/models/",
        "/models/?q=digts",
        "/models/?q=nothing+of+this+name",
        "/models/digits/",
        "/models/digits/versions/",
        "/models/digits/versions/1/",
        "/models/digits/use/",
        "/models/digits/service-level/",
        "/models/digits/usage/",
        "/models/breast-cancer-risk/ask/",
        "/access/",
        "/keys/",
        "/keys/new/",
        "/usage/",
        "/statements/",
        "/prices/",
        "/service-levels/",
        "/tenants/",
        "/tenants/claims/",
        "/notices/",
        "/account/",
        "/status/",
        "/help/",
        "/help/recorded/",
        "/accounts/password/change/",
        "/no-such-page/",
        "/models/digits/feedback/",
        "/models/digits/feedback/rate/",
        "/models/digits/feedback/report/",
        "/models/compare/",
        "/models/compare/?m=digits@1&m=breast-cancer-risk",
        "/feedback/",
        "/wanted/",
        "/wanted/new/?q=letters",
        "/people/",
    ],
    "owner": [
        "/",
        "/queue/",
        "/publish/",
        "/models/digits/edit/",
        "/models/digits/publish/",
        "/models/digits/retire/",
        "/models/digits/deploy/",
        "/models/digits/service-level/edit/",
        "/endpoints/",
        "/people/",
        "/audit/",
        "/tenants/vision/",
    ],
    "operator": [
        "/imports/",
        "/imports/new/",
        "/",
        "/people/",
        "/people/new/",
        "/people/consumer/",
        "/tenants/new/",
        "/status/",
        "/admin/",
    ],
    "finance": ["/", "/usage/", "/statements/", "/statements/close/", "/corrections/", "/prices/"],
    "auditor": ["/", "/audit/"],
    "governor": ["/", "/audit/", "/models/", "/synonyms/", "/wanted/", "/imports/"],
}
FIRST_OF = [
    ("consumer", "/access/", "tbody a"),
    ("consumer", "/keys/", "tbody a"),
    ("consumer", "/statements/", "tbody a"),
    ("owner", "/endpoints/", "tbody a"),
    ("auditor", "/audit/", "tbody a"),
    ("finance", "/prices/", "tbody a"),
    ("governor", "/synonyms/", "tbody a"),
]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def faults(page) -> list[str]:
    """What axe-core finds, and whether the page is wider than its screen."""
    found = Axe().run(page, options=RULES).response["violations"]
    told = [f"{page.url}: {fault['id']}: {fault['nodes'][0]['html'][:160]}" for fault in found]
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        told.append(f"{page.url}: wider than {page.viewport_size['width']} px")
    return told


def settle(page) -> None:
    """Wait for the fragments that a page loads by itself."""
    page.wait_for_load_state("networkidle")
    expect(page.locator(".htmx-request")).to_have_count(0)


def look(page, path: str) -> list[str]:
    told = []
    for theme, size in (("light", WIDE), ("dark", PHONE)):
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size(size)
        answer = page.goto(path)
        if answer.status >= 500:
            told.append(f"{path}: {answer.status}")
        settle(page)
        told += faults(page)
    return told


@pytest.mark.parametrize("person", PAGES)
def test_pages_can_be_used_by_everybody(visit, person):
    page = visit(person)
    assert not [fault for path in PAGES[person] for fault in look(page, path)]


@pytest.mark.parametrize(("person", "listing", "link"), FIRST_OF)
def test_what_a_list_leads_to_can_be_used_by_everybody(visit, person, listing, link):
    page = visit(person)
    page.goto(listing)
    path = page.locator(link).first.get_attribute("href")
    assert not look(page, path)


def test_the_doors_can_be_used_by_everybody(browser, stack):
    with browser.new_context(base_url=stack.url) as context:
        page = context.new_page()
        for path in ("/accounts/login/", "/accounts/password/reset/", "/help/"):
            assert not look(page, path)
