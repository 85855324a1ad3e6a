"""Pages whose numbers the browser checks: by the contract of `verify/page.js`, against servers that lie."""

import json
from collections.abc import Callable
from typing import Any

import checked_logs
import given
import pytest
from browsers import page_of
from checked_logs import Files, flipped, leaves_of, with_leaf
from checked_pages import THREE, Log, Visited, check, visiting
from given import DRUP
from playwright.sync_api import Browser

from ledger.signing.encoding import to_base64

# ---------------------------------------------------------------------- lists


def test_three_events_are_verified_and_each_row_says_so(visited: Visited, story: Log) -> None:
    found = visited.checks(story.files, story.page(THREE))

    assert found.summary == "3 of 3 verified"
    assert found.states == dict.fromkeys(THREE, "good")
    assert "verified: signed with the founding key of drup-nl, entry 17: case.allocated; follows entry 16" in found.text
    assert "no memorandum is pinned in this browser" in found.text
    assert "What this does not prove" in found.text


def test_nothing_of_the_log_is_asked_for_before_the_button_is_pressed(browser: Browser, story: Log) -> None:
    with visiting(browser, story.files, {"/": story.page(THREE)}) as (page, url):
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        assert not [each for each in asked if "/log/" in each]

        check(page, url)

        assert [each for each in asked if "/log/" in each]


@pytest.mark.parametrize("place", [3, 60, 400, -1])
def test_a_flipped_bit_turns_exactly_its_row_red(visited: Visited, story: Log, place: int) -> None:
    spoilt = with_leaf(story.files, 17, flipped(leaves_of(story.files)[17], place))
    neighbours = [16, 17, 18, 19]

    found = visited.checks(spoilt, story.page(neighbours))

    assert found.summary == "3 of 4 verified · 1 failed"
    assert found.states == {16: "good", 17: "bad", 18: "good", 19: "good"}
    assert "failed: entry 17 is not the one that the log signed" in found.text


def test_an_event_whose_neighbours_do_not_meet_it_is_red(visited: Visited, story: Log) -> None:
    leaves = leaves_of(story.files)
    without = checked_logs.resigned(story.files, [*leaves[:16], *leaves[17:]])

    found = visited.checks(without, story.page([13, 15, 16], {15: {}, 16: {}}, size=47))

    assert found.states == {13: "good", 15: "bad", 16: "bad"}
    assert "the next event of drup-nl has seq" in found.text


@pytest.mark.parametrize("name", ["jti", "node", "type"])
def test_a_row_that_says_of_its_event_what_was_not_signed_is_red(visited: Visited, story: Log, name: str) -> None:
    lie = story.said(17) | {name: story.said(1)[name]}

    found = visited.checks(story.files, story.page(THREE, {17: lie}))

    assert found.states == {14: "good", 17: "bad", 19: "good"}
    assert "where the signed event says" in found.text


def test_swapped_rows_are_both_red(visited: Visited, story: Log) -> None:
    found = visited.checks(story.files, story.page(THREE, {14: story.said(19), 19: story.said(14)}))

    assert found.states == {14: "bad", 17: "good", 19: "bad"}


def test_an_event_beyond_what_the_page_was_made_of_is_red(visited: Visited, story: Log) -> None:
    assert visited.checks(story.files, story.page(THREE, size=18)).states == {14: "good", 17: "good", 19: "bad"}


REFUSED_WHOLE: dict[str, tuple[Callable[[Log], Files], dict[str, Any], str]] = {
    "more entries than the log signed": (lambda log: log.files, {"size": 500}, "the page speaks of 500 entries"),
    "another root than the log's": (
        lambda log: log.files,
        {"root": to_base64(bytes(32)), "size": 30},
        "there are two histories",
    ),
    "a checkpoint of another tree than the tiles": (
        lambda log: log.files | {"tile/0/000.p/48": flipped(log.files["tile/0/000.p/48"], 5)},
        {},
        "there are two histories",
    ),
    "a huge tile": (
        lambda log: log.files | {"tile/0/000.p/48": bytes(5_000_000)},
        {},
        "larger than that file of a log can be",
    ),
    "a checkpoint that the log did not sign": (
        lambda log: log.files | {"checkpoint": flipped(log.files["checkpoint"], 30)},
        {},
        "the signature of ledger.example/alliance does not hold",
    ),
}


@pytest.mark.parametrize("lie", REFUSED_WHOLE)
def test_where_the_log_itself_does_not_hold_no_row_is_good(visited: Visited, story: Log, lie: str) -> None:
    spoil, more, words = REFUSED_WHOLE[lie]

    found = visited.checks(spoil(story), story.page(THREE, **more))

    assert found.states == dict.fromkeys(THREE, "bad")
    assert found.summary.startswith("0 of 3 verified · 3 failed")
    assert words in found.summary


def test_what_cannot_be_read_is_neither_good_nor_bad(browser: Browser, story: Log) -> None:
    lacking = {path: data for path, data in story.files.items() if not path.startswith("tile/entries/")}

    with checked_logs.served(lacking, {"/": story.page(THREE)}) as url, page_of(browser) as (page, _):
        found = check(page, url)

    assert found.states == dict.fromkeys(THREE, "unknown")
    assert found.summary == "0 of 3 verified · 3 not checked"


NO_ED25519 = """crypto.subtle.importKey = () => Promise.reject(new DOMException("none", "NotSupportedError"));"""


def test_a_browser_that_knows_no_ed25519_says_so_and_calls_nothing_bad(browser: Browser, story: Log) -> None:
    with visiting(browser, story.files, {"/": story.page(THREE)}) as (page, url):
        page.add_init_script(NO_ED25519)

        found = check(page, url)

    assert found.states == dict.fromkeys(THREE, "unknown")
    assert "this browser does not check Ed25519" in found.summary


def test_an_event_that_is_listed_twice_counts_for_nothing(visited: Visited, story: Log) -> None:
    found = visited.checks(story.files, story.page([14, 14], says=2))

    assert "an event is listed twice" in found.summary
    assert found.detail["good"] == 0


# ---------------------------------------------------------------------- numbers

ENROLLED = {"types": ["patient.enrolled"], "cohort": given.COHORT}
ADVERSE = {"types": ["adverse_event.reported"], "minus": ["event.retracted"]}
SUBMITTED = {"types": ["case.submitted"], "node": DRUP, "distinct": "case"}


@pytest.mark.parametrize(
    ("rule", "also", "counted"),
    [
        (ENROLLED, [], 1),
        (ENROLLED | {"cohort": "another"}, [], 0),
        (ADVERSE, ["event.retracted"], 1),
        ({**ADVERSE, "minus": []}, ["event.retracted"], 2),
        (SUBMITTED, [], 2),
        (SUBMITTED | {"node": given.PROTARGET}, [], 0),
    ],
)
def test_a_number_is_counted_again_from_verified_events(
    visited: Visited, story: Log, rule: dict[str, Any], also: list[str], counted: int
) -> None:
    page = story.page(story.indexes(*rule["types"], *also), says=counted, recount=json.dumps(rule))

    found = visited.checks(story.files, page)

    assert f"the server says {counted}, and this browser counted {counted}" in found.summary
    assert found.detail["count"] == counted


def test_a_number_that_is_not_what_was_counted_is_said_in_red(browser: Browser, story: Log) -> None:
    page = story.page(story.indexes("patient.enrolled"), says=7, recount=json.dumps(ENROLLED))

    with visiting(browser, story.files, {"/": page}) as (opened, url):
        found = check(opened, url)

        assert "server says 7, this browser counted 1" in found.summary
        assert "verify-bad" in str(opened.get_attribute(".verify-summary", "class"))


def test_a_rule_that_is_not_known_confirms_nothing(visited: Visited, story: Log) -> None:
    page = story.page(story.indexes("patient.enrolled"), says=1, recount=json.dumps({**ENROLLED, "where": "x"}))

    found = visited.checks(story.files, page)

    assert "a rule that is not known here" in found.summary
    assert found.detail["good"] == 0
