"""Pages about events: the list, one event, its cells, a case's trail; for whom, and whatever a node has written."""

import json
from collections.abc import Iterator
from pathlib import Path

import given
import hubs
import pytest
from amended import corrects, last_of
from fastapi.testclient import TestClient
from given import COHORT, DEFINITION, DRUGS, DRUP, IMPRESS, LONG_AGO, case, patient
from granting import named
from markupsafe import escape
from pages import BROWSER, PageText
from story import FOUNDERS, STORY

from api.app import create_app
from ledger.operations.hub import Hub
from ledger.signing.canonical import Json
from ledger.signing.encoding import from_base64url

URL = "http://localhost"
SCRIPT = '<script>alert("1")</script><img src=x onerror=alert(1)>'
RARE = "acute-on-chronic"  # a sealed word that stands nowhere else


def page(client: TestClient, path: str, *, status: int = 200, **headers: str) -> PageText:
    answer = client.get(path, headers={**BROWSER, **headers})
    assert answer.status_code == status, (path, answer.status_code)
    assert answer.headers["content-type"].startswith("text/html")
    assert len(answer.headers.get_list("content-security-policy")) == 1
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    return PageText(answer.text)


def told_story() -> given.Alliance:
    alliance = given.Alliance(FOUNDERS)
    for sentence in STORY:
        alliance.says(*sentence)
    return alliance


@pytest.fixture(scope="module")
def story() -> given.Alliance:
    return told_story()


@pytest.fixture(scope="module")
def client(story: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Of a ledger in which everything happened once."""
    hub = hubs.founded_hub(tmp_path_factory.mktemp("story"), story)
    hubs.post(hub, story)
    with TestClient(create_app(hub, dev=True), base_url=URL) as opened:
        yield opened


def index_of(alliance: given.Alliance, type_: str) -> int:
    return last_of(alliance, type_).event.index


# ------------------------------------------------------------------ the list


def rows_of(found: PageText) -> list[int]:
    return [int(str(each["id"]).removeprefix("entry-")) for each in found.having("id") if "entry-" in str(each["id"])]


def test_the_list_begins_with_the_newest(client: TestClient, story: given.Alliance) -> None:
    found = page(client, "/events")

    size = story.database.size
    assert rows_of(found) == [*range(size - 1, max(size - 51, -1), -1)]
    assert "memorandum signed" in found.text


def test_pages_that_are_followed_either_way_hold_the_log_once(client: TestClient, story: given.Alliance) -> None:
    seen, address = list[int](), "/events?before=30"
    pages = 0
    while address:
        found = page(client, address)
        seen += rows_of(found)
        older = [each for each in found.having("rel") if each["rel"] == "next"]
        address = str(older[0]["href"]) if older else ""
        pages += 1

    assert seen == [*range(29, -1, -1)]
    newer = page(client, "/events?after=4&to=20")
    assert rows_of(newer) == [*range(20, -1, -1)]
    assert story.database.size > 30
    assert pages == 1
    assert rows_of(page(client, "/events?at=5&to=20"))[0] == 5


@pytest.mark.parametrize(
    ("asked", "type_"),
    [
        (f"node={given.PROTARGET}&type=memorandum.signed", "memorandum.signed"),
        (f"case={case(2)}&type=case.released&from=&to=&cohort=", "case.released"),
        (f"cohort={COHORT}&type=patient.enrolled&from=3&to=30", "patient.enrolled"),
    ],
)
def test_the_list_is_of_what_is_asked_for(client: TestClient, story: given.Alliance, asked: str, type_: str) -> None:
    assert rows_of(page(client, f"/events?{asked}")) == [index_of(story, type_)]


def test_the_list_says_what_was_done_to_an_event(client: TestClient, story: given.Alliance) -> None:
    assert "corrected by" in page(client, "/events?type=response.assessed").text
    assert "retracted by" in page(client, "/events?type=adverse_event.reported").text
    before = index_of(story, "event.corrected") - 1
    assert "corrected by" not in page(client, f"/events?type=response.assessed&at={before}").text


def test_the_list_is_followed_from_its_newest_page_alone(client: TestClient, story: given.Alliance) -> None:
    (live,) = page(client, f"/events?node={DRUP}").having("data-live")

    assert (live["data-after"], live["data-node"]) == (str(story.database.size - 1), DRUP)
    for asked in ("before=5", "to=5", "at=5"):
        assert page(client, f"/events?{asked}").having("data-live") == []


@pytest.mark.parametrize("asked", ["from=-1", "from=x", "before=1.0", "case=" + "a" * 37, "estate=1"])
def test_what_the_list_cannot_be_asked_is_refused(client: TestClient, asked: str) -> None:
    assert "Log in" not in page(client, f"/events?{asked}", status=400).links


def test_the_live_feed_is_no_event_page(client: TestClient) -> None:
    assert client.head("/events/live", headers=BROWSER).headers["content-type"].startswith("text/event-stream")


# ------------------------------------------------------------------ one event


def test_an_event_stands_beside_its_very_bytes(client: TestClient, story: given.Alliance) -> None:
    index = index_of(story, "patient.enrolled")
    jws = story.heard[index].envelope.jws.text

    answer = client.get(f"/events/{index}", headers=BROWSER)

    found = PageText(answer.text)
    header, payload, signature = jws.split(".")
    for part in (header, payload, signature):
        assert part in answer.text
    assert escape(from_base64url(payload).decode()) in answer.text
    assert json.loads(from_base64url(header))["typ"] in found.text
    assert f"/events/{index}/receipt" in found.links
    (section,) = found.having("data-verify")
    assert (section["data-events"], section["data-size"]) == (str(index), str(story.database.size))
    assert [each["data-event"] for each in found.having("data-event")] == [str(index)]


def test_an_event_leads_to_its_stream_its_cells_its_case_and_what_it_stands_on(
    client: TestClient, story: given.Alliance
) -> None:
    index = index_of(story, "patient.enrolled")

    links = page(client, f"/events/{index}").links

    assert {f"/events/{index - 1}", f"/events/{index + 1}"} <= {*links}
    assert f"/cases/{DRUP}/{case(1)}" in links
    assert any(each.startswith(f"/cells/episodes/{COHORT}/{DRUP}/{case(1)}/") for each in links)
    for link in links:
        if link.startswith(("/cells/", "/cases/", "/events")) and "receipt" not in link:
            page(client, link)


def test_an_event_is_found_by_its_id_too(client: TestClient, story: given.Alliance) -> None:
    event = last_of(story, "patient.enrolled").event

    assert page(client, f"/events/{event.event_id}").text == page(client, f"/events/{event.index}").text


def test_a_correction_says_what_was_and_what_is_and_why(client: TestClient, story: given.Alliance) -> None:
    original, correction = index_of(story, "response.assessed"), index_of(story, "event.corrected")

    for index in (original, correction):
        found = page(client, f"/events/{index}")
        assert "typing error" in found.text
        assert f"/events/{correction if index == original else original}" in found.links
    assert "corrected by" not in page(client, f"/events/{original}?at={correction - 1}").text


def test_a_retraction_says_which_values_are_gone(client: TestClient, story: given.Alliance) -> None:
    found = page(client, f"/events/{index_of(story, 'event.retracted')}")

    assert "nothing any more" in found.text
    assert "wrong patient" in found.text


def test_what_was_erased_says_so(client: TestClient, story: given.Alliance) -> None:
    found = page(client, f"/events/{index_of(story, 'case.released')}")

    assert "erased" in found.text
    assert "a second tumour was found" not in found.text


@pytest.mark.parametrize(
    ("event", "status"),
    [("99999", 404), (given.NO_EVENT, 404), ("-1", 400), ("x", 400), ("%3Cscript%3E", 400), ("3?at=2", 404)],
)
def test_an_event_that_is_not_there_is_a_page_that_says_so(client: TestClient, event: str, status: int) -> None:
    assert "<script>" not in page(client, f"/events/{event}", status=status).text


# ------------------------------------------------------------------ cells, and a case


def test_a_row_tells_each_value_with_who_set_it_and_what_it_was(client: TestClient, story: given.Alliance) -> None:
    assessment = last_of(story, "response.assessed").event

    found = page(client, f"/cells/assessments/{COHORT}/{DRUP}/{case(1)}/{assessment.event_id}")

    assert "sealed" in found.text
    assert "corrected" in found.text
    assert f"/events/{assessment.index}" in found.links
    assert str(given.ASSESSMENT["criteria"]) not in found.text


@pytest.mark.parametrize("path", ["/cells/nothing/x", "/cells/cases/x", "/cells/cases/a/b", "/cells/cases/%3Cb%3E/y"])
def test_a_row_that_is_not_there_is_not_found(client: TestClient, path: str) -> None:
    assert ("b", {}) not in page(client, path, status=404).tags


def test_a_case_is_told_in_the_order_of_the_log_with_what_each_event_changed(
    client: TestClient, story: given.Alliance
) -> None:
    found = page(client, f"/cases/{DRUP}/{case(1)}")

    told = [int(str(each["data-event"])) for each in found.having("data-event")]
    assert told == sorted(told)
    assert {index_of(story, "event.corrected"), index_of(story, "event.retracted")} <= {*told}
    assert len([each for each in found.having("class") if each["class"] == "gone"]) == 1
    assert str(given.ENROLMENT["consent_version"]) in found.text
    early = page(client, f"/cases/{DRUP}/{case(1)}?at={told[2]}")
    assert [int(str(each["data-event"])) for each in early.having("data-event")] == told[:3]


# ------------------------------------------------------------------ whom sealed values are shown


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Hub]]:
    alliance = given.treated()
    told = alliance.says(DRUP, "adverse_event.reported", {**patient(case(1)), **given.TOXICITY, "term": RARE})
    corrects(alliance, told, **patient(case(1)), **{**given.TOXICITY, "term": f"{RARE} 2"})
    hub = hubs.founded_hub(tmp_path_factory.mktemp("guarded"), alliance)
    hubs.post(hub, alliance)
    with TestClient(create_app(hub, public_url=URL), base_url=URL) as opened:
        yield opened, hub


@pytest.mark.parametrize(("who", "is_shown"), [(DRUP, True), (IMPRESS, False)])
def test_sealed_values_are_on_pages_of_who_may_see_them_alone(
    guarded: tuple[TestClient, Hub], who: str, is_shown: bool
) -> None:
    client, hub = guarded
    last = hub.appender.size() - 1
    key = f"{COHORT}/{DRUP}/{case(1)}"
    (row,) = client.get(f"/cases/{DRUP}/{case(1)}", headers=named(who, URL).headers()).json()["tables"][
        "adverse_events"
    ]

    for path in (f"/events/{last}", f"/events/{last - 1}", f"/cases/{DRUP}/{case(1)}"):
        answer = client.get(path, headers={**BROWSER, **named(who, URL).headers()})
        assert (RARE in answer.text) is is_shown, path
        assert not is_shown or "no-store" in answer.headers["cache-control"]
    for path in ("/events", f"/cells/adverse_events/{key}/{row['key'][-1]}", f"/search?q={RARE[:5]}"):
        answer = client.get(path, headers={**BROWSER, **named(who, URL).headers()})
        assert RARE not in answer.text, path


def test_what_a_page_opens_is_written_down_like_what_the_data_open(guarded: tuple[TestClient, Hub]) -> None:
    client, _ = guarded
    path = f"/cases/{DRUP}/{case(1)}"

    def logged() -> list[tuple[str, int]]:
        accesses = client.get("/access-log", headers=named(DRUP, URL).headers()).json()["lines"]
        return [(each["what"], each["rows"]) for each in accesses if each["what"] == path]

    before = logged()
    client.get(path, headers=named(DRUP, URL).headers())
    client.get(path, headers={**BROWSER, **named(DRUP, URL).headers()})

    data, drawn = logged()[len(before) :]
    assert data == drawn == (path, data[1])


# ------------------------------------------------------------------ what a node writes is text


def test_whatever_a_node_writes_is_shown_as_text(tmp_path: Path) -> None:
    alliance = given.agreed()
    alliance.runs_trial(DRUP)
    alliance.says(DRUP, "supply.committed", {"regimen": DRUGS, "company": SCRIPT, "atc": None, "by": None})
    alliance.says(DRUP, "supply.available", {"regimen": DRUGS, "on": LONG_AGO})
    biomarker: dict[str, Json] = {"label": SCRIPT, "gene": "BRAF", "class": "missense"}
    alliance.says(DRUP, "cohort.defined", {**DEFINITION, "label": SCRIPT, "biomarker": biomarker})
    alliance.opens(DRUP)
    alliance.treats(DRUP, case(1))
    told = alliance.says(DRUP, "adverse_event.reported", {**patient(case(1)), **given.TOXICITY, "term": SCRIPT})
    reason = {"event": told.event.event_id, "reason_code": "wrong-patient", "reason": SCRIPT}
    alliance.says(DRUP, "event.retracted", reason)
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    with TestClient(create_app(hub, dev=True), base_url=URL) as client:
        paths = [f"/events/{index}" for index in range(alliance.database.size)]
        paths += ["/events", f"/cases/{DRUP}/{case(1)}", f"/cells/cohorts/{COHORT}", "/search?q=script", "/search"]
        paths += [f"/search?q={SCRIPT}x", "/numbers/findings", "/numbers/started", f"/numbers/cohorts?cohort={COHORT}"]
        found = {path: page(client, path) for path in paths}

    for path, each in found.items():
        scripts = [attributes for tag, attributes in each.tags if tag == "script"]
        assert all(str(attributes.get("src", "")).startswith("/static/") for attributes in scripts), path
        assert not [tag for tag, attributes in each.tags if tag == "img" or "onerror" in attributes], path
    shown = [path for path, each in found.items() if "alert(" in each.text]
    assert len(shown) >= 5
