"""What each kind of reader does first, by what it sees: with the mouse, and in the words of the pages."""

import re

import given
import pytest
from browsers import as_, page_of
from given import COHORT, DEFINITION, DRUP
from playwright.sync_api import Browser, Page, expect

LABEL = str(DEFINITION["label"])


def arrive(page: Page, url: str, who: str) -> None:
    as_(who, page, url)
    page.goto(url)


def go_to(page: Page, name: str) -> None:
    """By the links that every page has."""
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=name, exact=True).click()


def test_an_auditor_pins_the_memorandum_checks_the_log_and_a_number_down_to_its_event(
    browser: Browser, url: str, told: given.Alliance
) -> None:
    with page_of(browser) as (page, watched):
        arrive(page, url, "auditor")

        # follows what the first page has counted meanwhile: a page, and not the data that were counted
        page.wait_for_load_state("networkidle")
        go_to(page, "Census")
        expect(page.get_by_role("heading", level=1)).to_have_text("Census")
        go_to(page, "Overview")

        # pins what the alliance's members gave, and has the whole log checked
        page.get_by_role("link", name="Verify it in this browser").click()
        page.get_by_label("SHA-256 of the memorandum").fill(told.memorandum.hash.hex())
        page.get_by_role("button", name="Pin", exact=True).click()
        page.locator("[data-verify-whole]").get_by_role("button").first.click()
        expect(page.locator("[data-verify-whole]")).to_contain_text(f"{len(told.heard)} of {len(told.heard)}")

        # goes from a number on the board to the events behind it, and has them checked and counted
        go_to(page, "Board")
        page.get_by_role("row").filter(has_text=LABEL).locator("a[href^='/numbers/started']").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Treatments started")
        page.get_by_role("button", name="Check in this browser").click()
        expect(page.locator(".verify-summary")).to_contain_text("1 of 1 verified")

        # and to the event itself, with its bytes
        page.locator("[data-event] a").first.click()
        page.get_by_role("button", name="Check in this browser").first.click()
        expect(page.locator(".verify-summary").first).to_contain_text("1 of 1 verified")
        assert watched.clean, watched


def test_an_investigator_finds_an_open_cohort_with_a_place_left(browser: Browser, url: str) -> None:
    with page_of(browser) as (page, watched):
        arrive(page, url, "investigator")

        page.get_by_label("Gene").select_option("BRAF")
        page.get_by_role("button", name="Find cohorts").click()
        expect(page.get_by_text(re.compile("1 of 1 cohort"))).to_be_visible()
        page.get_by_role("link", name=LABEL).first.click()

        expect(page.get_by_role("heading", level=1)).to_have_text(LABEL)
        expect(page.get_by_role("heading", name="Definition")).to_be_visible()
        assert watched.clean, watched


def test_a_node_sees_what_it_posted_and_goes_back_in_time(browser: Browser, url: str) -> None:
    with page_of(browser) as (page, watched):
        arrive(page, url, DRUP)

        expect(page.get_by_role("heading", name="Posted last")).to_be_visible()
        page.get_by_role("link", name=f"All events of {DRUP}").click()
        expect(page.get_by_role("row").nth(1)).to_be_visible()
        go_to(page, "Board")
        page.get_by_label("Entry", exact=True).fill("15")
        page.locator("#moment").get_by_role("button", name="Show").first.click()

        expect(page.locator("#moment")).to_contain_text("As entry 15 left it")
        assert "at=15" in page.url
        assert watched.clean, watched


@pytest.mark.parametrize(("who", "first"), [("industry", "Cohorts of your drug"), ("public", "Shared cohorts")])
def test_outsiders_are_told_where_cohorts_stand_and_nothing_that_counts_patients_closely(
    browser: Browser, url: str, who: str, first: str
) -> None:
    with page_of(browser) as (page, watched):
        arrive(page, url, who)

        expect(page.get_by_role("heading", level=1)).to_contain_text(first)
        go_to(page, "Board")
        page.get_by_role("link", name=LABEL).first.click()

        expect(page.get_by_role("heading", level=1)).to_have_text(LABEL)
        assert COHORT in page.url
        assert "<5" in page.inner_text("main") or "<10" in page.inner_text("main")
        assert page.locator("a.n").count() == 0
        assert watched.clean, watched
