"""The shelf of the catalogue in a browser: what was ticked, and what going back does to it."""

from playwright.sync_api import expect


def test_what_is_ticked_for_comparing_outlives_the_next_search(visit):
    page = visit("consumer")
    page.goto("/models/?q=digts")
    page.get_by_role("checkbox", name="Compare digits").check()
    page.goto("/models/")
    expect(page.get_by_role("checkbox", name="Compare digits")).to_be_checked()
    page.goto("/models/?q=cancer")
    page.get_by_role("checkbox", name="Compare breast-cancer-risk").check()
    expect(page.locator("[data-tray-count]")).to_have_text("2")
    page.get_by_role("button", name="Compare", exact=False).first.click()
    expect(page.get_by_role("heading", name="Compare").first).to_be_visible()
    assert "m=digits" in page.url and "m=breast-cancer-risk" in page.url
    page.goto("/models/")
    page.get_by_role("button", name="Tick none").click()
    expect(page.get_by_role("checkbox", name="Compare digits")).not_to_be_checked()


def test_filters_show_what_the_address_says_after_going_back(visit):
    page = visit("consumer")
    page.goto("/models/")
    box = page.locator("aside").get_by_role("checkbox", name="Image classification", exact=False)
    box.check()
    page.wait_for_url("**task=image-classification**")
    expect(box).to_be_checked()
    page.go_back()
    page.wait_for_url(lambda url: "task=" not in url)
    expect(box).not_to_be_checked()
