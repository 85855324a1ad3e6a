"""What the browser remembers, keys that changed, and the whole log in a worker: against servers that lie."""

from typing import Any

import checked_logs
from browsers import page_of
from checked_logs import flipped, leaves_of, size_of, with_leaf
from checked_pages import THREE, Log, Visited, check, pin, press, verify_page, visiting
from playwright.sync_api import Browser, Page, expect

# ---------------------------------------------------------------------- keys, and what was seen and pinned


def test_an_event_under_a_rotated_key_holds_once_the_keys_are_learnt(visited: Visited, grown: tuple[Log, Log]) -> None:
    _, now = grown
    last = size_of(now.files) - 1

    found = visited.checks(now.files, now.page([7, 255, 256, last]))

    assert found.summary == "4 of 4 verified"
    assert f"signed with the key then in force of drup-nl, entry {last}" in found.text
    assert f"learnt from the {last} entries before" in found.text


def test_an_event_whose_key_cannot_be_learnt_is_red(visited: Visited, grown: tuple[Log, Log]) -> None:
    _, now = grown
    last = size_of(now.files) - 1
    spoilt = with_leaf(now.files, 9, b"altered")

    found = visited.checks(spoilt, now.page([7, last]))

    assert found.states == {7: "good", last: "bad"}
    assert "which key was in force cannot be told: entry 9: " in found.text


def test_a_log_that_was_rolled_back_is_told_by_the_browser_that_saw_more(
    browser: Browser, grown: tuple[Log, Log]
) -> None:
    before, now = grown
    files = dict(now.files)
    with visiting(browser, files, {"/": before.page([7, 200])}) as (page, url):
        assert check(page, url).summary == "2 of 2 verified"
        files.clear()
        files.update(before.files)

        found = check(page, url)

    assert found.states == {7: "bad", 200: "bad"}
    assert "rolled back" in found.summary


def test_another_memorandum_than_the_pinned_one_is_an_alert_on_every_page(browser: Browser, story: Log) -> None:
    with visiting(browser, story.files, {"/": story.page(THREE), "/verify": verify_page()}) as (page, url):
        pin(page, url, story.memorandum)
        assert page.inner_text("[data-said]") == "pinned in this browser"
        found = check(page, url)
        assert page.query_selector("[role=alert]") is None
        assert "the memorandum is the one that is pinned" in found.text

        pin(page, url, "0" * 64)
        page.goto(url)
        alert = page.get_by_role("alert")
        alert.wait_for()
        found = press(page)

        assert "another founding document than the one that you pinned" in alert.inner_text()
        assert found.states == dict.fromkeys(THREE, "bad")
        pin(page, url, story.memorandum)
        expect(page.get_by_role("alert")).to_have_count(0)  # at once


def test_a_memorandum_that_is_not_served_is_an_alert_too(browser: Browser, story: Log) -> None:
    files = dict(story.files)
    pages = {"/": story.page(THREE), "/verify": verify_page()}
    with checked_logs.served(files, pages) as url, page_of(browser) as (page, _):
        pin(page, url, story.memorandum)
        del files["memorandum"]
        page.goto(url)
        page.get_by_role("alert").wait_for()

        assert "could not be checked" in page.get_by_role("alert").inner_text()


def test_what_is_no_hash_is_not_pinned(browser: Browser, story: Log) -> None:
    with visiting(browser, story.files, {"/verify": verify_page()}) as (page, url):
        pin(page, url, "a hash")

        assert page.inner_text("[data-said]").startswith("not pinned: ")


# ---------------------------------------------------------------------- the whole log, in a worker


def whole(page: Page, url: str) -> dict[str, Any]:
    page.goto(f"{url}/verify")
    page.evaluate(
        "() => { window.found = new Promise((tell) => "
        "document.addEventListener('verified', (event) => tell(event.detail), { once: true })); }"
    )
    page.get_by_role("button", name="Check the whole log in this browser").click()
    found: dict[str, Any] = page.evaluate("() => window.found")
    return found


def test_the_whole_log_is_checked_in_a_worker(browser: Browser, grown: tuple[Log, Log]) -> None:
    _, now = grown
    size = size_of(now.files)
    with visiting(browser, now.files, {"/verify": verify_page()}) as (page, url):
        pin(page, url, now.memorandum)

        found = whole(page, url)

        assert found["failure"] is None, found
        assert page.inner_text(".verify-summary") == f"{size} of {size} verified · under the pinned memorandum"
        assert f"{size} of {size} entries" in page.inner_text("[data-verify-whole]")
        assert page.locator("[data-verify-whole] table caption").inner_text().startswith("Events that this browser")


def test_the_worker_names_the_entry_that_does_not_hold(browser: Browser, story: Log) -> None:
    spoilt = with_leaf(story.files, 30, flipped(leaves_of(story.files)[30], 90))
    with visiting(browser, spoilt, {"/verify": verify_page()}) as (page, url):
        found = whole(page, url)

        assert (found["failure"]["step"], found["failure"]["index"]) == ("entries", 30)
        assert page.inner_text(".verify-summary").startswith("1 failed · entries, entry 30")
