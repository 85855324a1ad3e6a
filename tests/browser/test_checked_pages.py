"""Pages whose numbers the browser checks: by the contract of `verify/page.js`, against servers that lie."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import checked_logs
import given
import hubs
import mirrors
import pytest
from browsers import page_of
from checked_logs import Files, flipped, leaves_of, size_of, with_leaf
from given import DRUP
from jinja2 import DictLoader, Environment, FileSystemLoader, StrictUndefined
from jinja2.loaders import ChoiceLoader
from playwright.sync_api import Browser, Page

from ledger.signing.encoding import to_base64

BASE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{% block title %}{% endblock %}</title></head>
<body><main>{% block content %}{% endblock %}</main>{% block scripts %}{% endblock %}
<script type="module" src="/static/verify/banner.js"></script></body></html>"""
LISTED = """{% extends "base.html" %}
{% block content %}<section data-verify data-events="{{ events | join(",") }}" data-size="{{ size }}" {{ more }}>
<table><caption>Events</caption><tbody>
{% for row in rows %}<tr data-event="{{ row.index }}" {% for name, value in row.said.items() %}data-{{ name }}="{{ value }}"
{% endfor %}><th scope="row">{{ row.index }}</th><td>said</td></tr>{% endfor %}
</tbody></table></section>{% endblock %}
{% block scripts %}<script type="module" src="/static/verify/page.js"></script>{% endblock %}"""
TEMPLATES = Environment(
    loader=ChoiceLoader(
        [
            DictLoader({"base.html": BASE, "listed.html": LISTED}),
            FileSystemLoader(checked_logs.STATIC.parent / "templates"),
        ]
    ),
    autoescape=True,
    undefined=StrictUndefined,
)
THREE = [14, 17, 19]


class Log(NamedTuple):
    files: Files
    alliance: given.Alliance

    @property
    def memorandum(self) -> str:
        return self.alliance.memorandum.hash.hex()

    def said(self, index: int) -> dict[str, str]:
        """What an honest row says of its event."""
        claims = self.alliance.heard[index].envelope.claims
        return {"jti": claims.event_id, "node": claims.node, "type": claims.type}

    def indexes(self, *types: str) -> list[int]:
        return [at for at, heard in enumerate(self.alliance.heard) if heard.envelope.claims.type in types]

    def page(self, events: list[int], rows: dict[int, dict[str, str]] | None = None, **more: object) -> str:
        """A page on events. rows: what each says, if not the truth. more: other data attributes of the section."""
        said = {index: self.said(index) for index in events} | (rows or {})
        size = more.pop("size", size_of(self.files))
        attributes = _Markup(" ".join(f"data-{name}='{value}'" for name, value in more.items()))
        return TEMPLATES.get_template("listed.html").render(
            events=events,
            rows=[{"index": index, "said": row} for index, row in said.items()],
            size=size,
            more=attributes,
        )


class _Markup(str):
    __slots__ = ()

    def __html__(self) -> str:
        return self


class Checked(NamedTuple):
    """What a page shows after the button was pressed. states: by index, as its class says."""

    summary: str
    states: dict[int, str]
    detail: dict[str, Any]
    text: str


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return Log(*checked_logs.told_log(tmp_path_factory.mktemp("told")))


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Log, Log]:
    """A log of more than a tile whose node has rotated its key, as it was and as it is."""
    alliance = mirrors.busy_alliance(280)
    alliance.rotates(DRUP)
    alliance.says(DRUP, "response.assessed", given.patient(given.case(1)) | given.ASSESSMENT)
    hub = hubs.founded_hub(tmp_path_factory.mktemp("grown"), alliance)
    found = []
    for size in (270, alliance.database.size):
        mirrors.post_up_to(hub, alliance, size)
        held = mirrors.held(hub.source("full"), size)
        found.append(Log({path: data for path, data in held.files.items() if data is not None}, alliance))
    hub.engine.dispose()
    return found[0], found[1]


@contextmanager
def visiting(browser: Browser, files: Files, pages: dict[str, str]) -> Iterator[tuple[Page, str]]:
    """A page of a fresh browser, held to what pages never do."""
    with checked_logs.served(files, pages) as url, page_of(browser) as (page, watched):
        yield page, url
        assert watched.clean, watched


def check(page: Page, address: str) -> Checked:
    page.goto(address)
    return press(page)


def press(page: Page) -> Checked:
    page.evaluate(
        "() => { window.found = new Promise((tell) => "
        "document.addEventListener('verified', (event) => tell(event.detail), { once: true })); }"
    )
    page.get_by_role("button", name="Check in this browser").click()
    detail = page.evaluate("() => window.found")
    states = {
        int(str(row.get_attribute("data-event"))): str(row.get_attribute("class")).removeprefix("verify-")
        for row in page.query_selector_all("[data-event]")
    }
    return Checked(page.inner_text(".verify-summary"), states, detail, page.inner_text("main"))


def checked(browser: Browser, files: Files, html: str) -> Checked:
    with visiting(browser, files, {"/": html}) as (page, url):
        return check(page, url)


# ---------------------------------------------------------------------- lists


def test_three_events_are_verified_and_each_row_says_so(browser: Browser, story: Log) -> None:
    found = checked(browser, story.files, story.page(THREE))

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
def test_a_flipped_bit_turns_exactly_its_row_red(browser: Browser, story: Log, place: int) -> None:
    spoilt = with_leaf(story.files, 17, flipped(leaves_of(story.files)[17], place))
    neighbours = [16, 17, 18, 19]

    found = checked(browser, spoilt, story.page(neighbours))

    assert found.summary == "3 of 4 verified · 1 failed"
    assert found.states == {16: "good", 17: "bad", 18: "good", 19: "good"}
    assert "failed: entry 17 is not the one that the log signed" in found.text


@pytest.mark.parametrize("name", ["jti", "node", "type"])
def test_a_row_that_says_of_its_event_what_was_not_signed_is_red(browser: Browser, story: Log, name: str) -> None:
    lie = story.said(17) | {name: story.said(1)[name]}

    found = checked(browser, story.files, story.page(THREE, {17: lie}))

    assert found.states == {14: "good", 17: "bad", 19: "good"}
    assert "where the signed event says" in found.text


def test_swapped_rows_are_both_red(browser: Browser, story: Log) -> None:
    found = checked(browser, story.files, story.page(THREE, {14: story.said(19), 19: story.said(14)}))

    assert found.states == {14: "bad", 17: "good", 19: "bad"}


def test_an_event_beyond_what_the_page_was_made_of_is_red(browser: Browser, story: Log) -> None:
    assert checked(browser, story.files, story.page(THREE, size=18)).states == {14: "good", 17: "good", 19: "bad"}


REFUSED_WHOLE: dict[str, tuple[Callable[[Log], Files], dict[str, object], str]] = {
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
        lambda log: log.files | {"checkpoint": flipped(log.files["checkpoint"], 26)},
        {},
        "checkpoint",
    ),
}


@pytest.mark.parametrize("lie", REFUSED_WHOLE)
def test_where_the_log_itself_does_not_hold_no_row_is_good(browser: Browser, story: Log, lie: str) -> None:
    spoil, more, words = REFUSED_WHOLE[lie]

    found = checked(browser, spoil(story), story.page(THREE, **more))

    assert found.states == dict.fromkeys(THREE, "bad")
    assert found.summary.startswith("0 of 3 verified · 3 failed")
    assert words in found.summary


def test_what_cannot_be_read_is_neither_good_nor_bad(browser: Browser, story: Log) -> None:
    lacking = {path: data for path, data in story.files.items() if not path.startswith("tile/entries/")}

    found = checked(browser, lacking, story.page(THREE))

    assert found.states == dict.fromkeys(THREE, "unknown")
    assert found.summary == "0 of 3 verified · 3 not checked"


def test_an_event_that_is_listed_twice_counts_for_nothing(browser: Browser, story: Log) -> None:
    found = checked(browser, story.files, story.page([14, 14], says=2))

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
    browser: Browser, story: Log, rule: dict[str, Any], also: list[str], counted: int
) -> None:
    page = story.page(story.indexes(*rule["types"], *also), says=counted, recount=json.dumps(rule))

    found = checked(browser, story.files, page)

    assert f"the server says {counted}, and this browser counted {counted}" in found.summary
    assert found.detail["count"] == counted


def test_a_number_that_is_not_what_was_counted_is_said_in_red(browser: Browser, story: Log) -> None:
    page = story.page(story.indexes("patient.enrolled"), says=7, recount=json.dumps(ENROLLED))

    with visiting(browser, story.files, {"/": page}) as (opened, url):
        found = check(opened, url)

        assert "server says 7, this browser counted 1" in found.summary
        assert "verify-bad" in str(opened.get_attribute(".verify-summary", "class"))


def test_a_rule_that_is_not_known_confirms_nothing(browser: Browser, story: Log) -> None:
    page = story.page(story.indexes("patient.enrolled"), says=1, recount=json.dumps({**ENROLLED, "where": "x"}))

    found = checked(browser, story.files, page)

    assert "a rule that is not known here" in found.summary
    assert found.detail["good"] == 0


# ---------------------------------------------------------------------- keys, and what was seen and pinned


def test_an_event_under_a_rotated_key_holds_once_the_keys_are_learnt(browser: Browser, grown: tuple[Log, Log]) -> None:
    _, now = grown
    last = size_of(now.files) - 1

    found = checked(browser, now.files, now.page([7, 255, 256, last]))

    assert found.summary == "4 of 4 verified"
    assert f"signed with the key then in force of drup-nl, entry {last}" in found.text
    assert f"learnt from the {last} entries before" in found.text


def test_keys_that_cannot_be_learnt_leave_the_event_red(browser: Browser, grown: tuple[Log, Log]) -> None:
    _, now = grown
    last = size_of(now.files) - 1
    rotation = last - 1
    bundle = now.files["tile/entries/001.p/26"]
    spoilt = now.files | {"tile/entries/001.p/26": flipped(bundle, bundle.rindex(b"\n", 0, len(bundle) - 2500))}

    found = checked(browser, spoilt, now.page([7, last]))

    assert found.states[7] == "good"
    assert found.states[last] != "good"
    assert rotation > 256


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


def verify_page() -> str:
    return TEMPLATES.get_template("verify.html").render()


def pin(page: Page, url: str, memorandum: str) -> None:
    page.goto(f"{url}/verify")
    page.fill("[data-memorandum]", memorandum)
    page.get_by_role("button", name="Pin", exact=True).click()


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


def test_a_memorandum_that_is_not_served_is_an_alert_too(browser: Browser, story: Log) -> None:
    files = dict(story.files)
    with checked_logs.served(files, {"/": story.page(THREE), "/verify": verify_page()}) as url:
        with page_of(browser) as (page, _):
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
