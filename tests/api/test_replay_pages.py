"""Replay: the bar, citations, what changed, who gave what; and that what is kept for one is never shown to another."""

import re
from collections.abc import Iterator
from random import Random  # noqa: TID251 - drawn from a seed
from urllib.parse import urlsplit

import given
import hubs
import pytest
from erased import erases, told
from fastapi.testclient import TestClient
from given import DRUP, IMPRESS, case
from granting import named
from reading_html import Document, asked_by

from api.app import create_app
from ledger.operations.hub import Hub
from ledger.operations.kept_snapshots import KeptSnapshots

URL = "http://localhost"
BROWSER = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def alliance() -> given.Alliance:
    """Two patients are treated; a census is attested."""
    alliance = told()
    words: given.Data = {"metric": "cases_submitted", "kind": "count", "operator": "ge", "value": 2, "as_of": "2021-12"}
    alliance.says(DRUP, "census.attested", {**words, "by": None, "quote": "two <and> counting"})
    return alliance


@pytest.fixture(scope="module")
def hub(alliance: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    opened = hubs.founded_hub(tmp_path_factory.mktemp("hub"), alliance)
    hubs.post_long_ago(opened, alliance)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def client(hub: Hub) -> Iterator[TestClient]:
    with TestClient(create_app(hub, public_url=URL), base_url=URL) as opened:
        yield opened


def page(client: TestClient, address: str, who: str | None = DRUP, *, status: int = 200) -> Document:
    answer = client.get(address, headers=BROWSER | (named(who, URL).headers() if who else {}))
    assert answer.status_code == status, answer.text
    return Document(answer.text)


# ---------------------------------------------------------------------- the bar


@pytest.mark.parametrize("address", ["/", "/board", "/contributions"])
def test_who_reads_the_log_has_a_bar_and_nobody_else(client: TestClient, address: str) -> None:
    assert page(client, address).the("moment")
    assert page(client, address, None).the("moment") is None


def test_the_bar_says_which_moment_is_shown(client: TestClient, alliance: given.Alliance) -> None:
    now, then = page(client, "/board"), page(client, "/board?at=10&on=2021-11-16")

    assert f"entry {alliance.database.size - 1}, the last one" in " ".join(now.text.split())
    assert "As entry 10 left it, received" in then.text
    assert "on 16 November 2021" in then.text
    time = next(then.each("time")).attributes["datetime"]
    assert f"received {time[:10]} {time[11:16]} UTC" in then.text


def test_a_page_that_leaves_nothing_out_for_its_date_does_not_say_so(client: TestClient) -> None:
    assert "what is dated later is left out" in page(client, "/board?on=2021-11-16").text
    for address in ("/events", "/events/3", "/cells/nodes/drup-nl"):
        assert "nothing is left out for its date" in page(client, f"{address}?on=2021-11-16").text


def test_a_moment_goes_along_with_links_and_forms_and_so_does_the_pages_own_query(client: TestClient) -> None:
    found = page(client, "/board?state=open&at=20&on=2021-12-01")

    for each in found.each("a"):
        address = each.attributes["href"]
        if "nav" in each.within and not address.startswith(("/verify", "/system", "/help")):  # how it is now
            assert {"at": "20", "on": "2021-12-01"}.items() <= asked_by(address).items()
    steps = {
        each.attributes["id"]: asked_by(each.attributes["href"]) for each in found.each("a") if "id" in each.attributes
    }
    assert steps["moment-back"] == {"state": "open", "at": "19", "on": "2021-12-01"}
    assert steps["moment-on"] == {"state": "open", "at": "21", "on": "2021-12-01"}
    assert steps["moment-day-back"] == {"state": "open", "at": "20", "on": "2021-11-30"}
    assert steps["moment-day-on"] == {"state": "open", "at": "20", "on": "2021-12-02"}
    assert steps["moment-now"] == {"state": "open"}
    bar = [each.attributes for each in found.each("input", type="hidden") if "section" in each.within]
    hidden = [(each["name"], each["value"]) for each in bar]
    assert sorted(hidden) == [("at", "20"), ("on", "2021-12-01"), ("state", "open"), ("state", "open")]


def test_without_script_the_bars_forms_send_what_is_set_and_nothing_else(client: TestClient) -> None:
    found = page(client, "/board")

    bar = [each for each in found.each("input") if "section" in each.within and "name" in each.attributes]
    assert {each.attributes["name"] for each in bar} == {"at", "on"}
    assert all("required" in each.attributes for each in bar)
    for part in ("moment-slide", "moment-play", "moment-days"):
        element = found.the(part)
        assert element
        assert "hidden" in element.attributes  # until the script is there


def test_at_the_ends_of_the_log_no_step_leads_beyond(client: TestClient, alliance: given.Alliance) -> None:
    first, last = (page(client, f"/board?at={at}") for at in (0, alliance.database.size - 1))

    assert (first.the("moment-back"), last.the("moment-on")) == (None, None)
    assert first.the("moment-on")
    assert last.the("moment-back")


# ---------------------------------------------------------------------- citations


def citation(client: TestClient, address: str) -> str:
    """What is asked to check it."""
    found = page(client, address)
    (check,) = (each for each in found.links() if each.startswith(f"{URL}/cite?"))
    assert check in found.text
    return check.removeprefix(URL)


def test_a_citation_holds_and_leads_to_the_page_as_it_was(client: TestClient) -> None:
    check = citation(client, "/cite?at=20&on=2021-12-01&page=/board%3Fstate%3Dopen")

    found = page(client, check)

    assert "Yes. At entry 20 this ledger still gives the same digest and root." in found.text
    (back,) = (each for each in found.links() if each.startswith("/board") and "state" in each)
    assert asked_by(back) == {"state": "open", "at": "20", "on": "2021-12-01"}
    assert page(client, back)


def test_every_bar_leads_to_the_citation_of_what_it_shows(client: TestClient) -> None:
    found = page(client, "/board?state=open&on=2021-12-01")

    (cite,) = (each for each in found.links() if urlsplit(each).path == "/cite")
    assert asked_by(cite)["page"] == "/board?state=open"
    assert asked_by(cite)["on"] == "2021-12-01"
    assert "Yes." in page(client, citation(client, cite)).text


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"digest": "0" * 64}, "No. At entry 20 this ledger gives another digest."),
        ({"root": "0" * 64}, "No. At entry 20 this ledger gives another root."),
        ({"at": "21"}, "No. At entry 21 this ledger gives another digest and another root."),
        ({"at": "9999"}, "It cannot be told here: this ledger has no entry 9,999."),
    ],
)
def test_a_citation_that_is_not_so_is_told_apart(client: TestClient, changed: dict[str, str], says: str) -> None:
    stated = asked_by(citation(client, "/cite?at=20&page=/board")) | changed

    found = page(client, f"/cite?{'&'.join(f'{name}={value}' for name, value in stated.items())}")

    assert says in found.text
    assert "Yes." not in found.text


@pytest.mark.parametrize("address", ["//elsewhere.example", "https://elsewhere.example", "board", "/\\elsewhere"])
def test_a_citation_is_of_a_page_of_this_server(client: TestClient, address: str) -> None:
    page(client, f"/cite?at=20&page={address}", status=400)


def test_a_citation_still_holds_when_the_log_has_grown_and_values_were_erased(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    alliance = told()
    hub = hubs.founded_hub(tmp_path_factory.mktemp("grows"), alliance)
    hubs.post(hub, alliance)
    with TestClient(create_app(hub, public_url=URL), base_url=URL) as client:
        check = citation(client, "/cite?page=/board")
        erases(alliance)
        hubs.post(hub, alliance)

        assert "Yes." in page(client, check).text


# ---------------------------------------------------------------------- what is kept


WHOSE = (None, DRUP, IMPRESS)
ADDRESSES = ("/board", "/cohorts", "/contributions", "/funnel", "/")
MOMENTS = ("", "?at=12", "?at=20", "?on=2021-11-16", "?at=24&on=2021-12-02")


def shown(client: TestClient, address: str, who: str | None, accept: str) -> tuple[int, str]:
    answer = client.get(address, headers={"Accept": accept} | (named(who, URL).headers() if who else {}))
    return answer.status_code, re.sub(r"[0-9a-f]{16,}", "", answer.text)


def test_in_whatever_order_they_come_each_is_shown_its_own_moment_and_as_much_as_it_may_see(hub: Hub) -> None:
    asked = [
        (f"{address}{moment}", who, accept)
        for address in ADDRESSES
        for moment in MOMENTS
        for who in WHOSE
        for accept in ("text/html", "application/json")
        if accept == "text/html" or address != "/"
    ]
    Random(1).shuffle(asked)  # noqa: S311 - an order
    keeping, forgetting = (create_app(hub, public_url=URL) for _ in range(2))
    keeping.state.snapshots = KeptSnapshots(most=4)
    forgetting.state.snapshots = KeptSnapshots(entries_most=0)

    # as they are: whoever ends them would close the hub
    found, anew = ([shown(TestClient(app, base_url=URL), *each) for each in asked] for app in (keeping, forgetting))

    assert found == anew
    assert {status for status, _ in found} >= {200, 403}


def test_an_erasure_is_seen_at_once_at_every_moment(tmp_path_factory: pytest.TempPathFactory) -> None:
    alliance = told()
    hub = hubs.founded_hub(tmp_path_factory.mktemp("erased"), alliance)
    hubs.post(hub, alliance)
    last = alliance.database.size - 1
    file = f"/cases/{DRUP}/{case(1)}"
    with TestClient(create_app(hub, public_url=URL), base_url=URL) as client:

        def opened(address: str) -> bool:
            tables = client.get(address, headers=named(DRUP, URL).headers()).json()["tables"]
            return any(line["opened"] for lines in tables.values() for line in lines)

        assert [opened(f"{file}{at}") for at in ("", f"?at={last}")] == [True, True]
        erases(alliance)
        hubs.post(hub, alliance)

        assert [opened(f"{file}{at}") for at in ("", f"?at={last}")] == [False, False]
        assert f"{DRUP} erased the case" in " ".join(page(client, f"/changes?from={last}").text.split())


def test_what_another_process_appends_is_seen_by_the_next_request(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("two")
    alliance = told()
    here = hubs.founded_hub(folder, alliance)
    hubs.post(here, alliance)
    with TestClient(create_app(here, dev=True), base_url=URL) as client:
        before = client.get("/contributions").json()
        alliance.says(DRUP, "case.submitted", {"case": case(9), "on": "2021-12-20"})
        there = hubs.reopened(folder)
        hubs.post(there, alliance)
        there.engine.dispose()

        after = client.get("/contributions").json()

    events = [{each["node"]: each["events"] for each in found}[DRUP] for found in (before, after)]
    assert events[1] == events[0] + 1


# ---------------------------------------------------------------------- who gave what


def test_contributions_link_each_number_for_who_reads_the_log_alone(client: TestClient) -> None:
    member, public = page(client, "/contributions?at=24"), page(client, "/contributions", None)

    numbers = [each for each in member.links() if each.startswith("/numbers/")]
    assert {"/numbers/events", "/numbers/enrolments", "/numbers/cases_submitted"} <= {
        urlsplit(each).path for each in numbers
    }
    assert all(asked_by(each)["at"] == "24" for each in numbers)
    assert [each for each in public.links() if each.startswith("/numbers/")] == []
    assert "Nine of ten" in member.text
    for hidden in ("Nine of ten", "Patients enrolled", "patients enrolled", "treatments started"):
        assert hidden not in public.text


def test_the_census_says_what_was_attested_in_its_own_words_and_by_which_event(
    client: TestClient, alliance: given.Alliance
) -> None:
    found = page(client, "/census")

    assert "“two <and> counting”" in found.text
    assert f"/events/{alliance.database.size - 1}" in found.links()
    (behind,) = {each for each in found.links() if "cases_submitted" in each and "on=2021-12-31" in each}
    assert asked_by(behind)["node"] == DRUP


def test_a_page_of_changes_says_what_was_added_and_opens_nothing(client: TestClient, alliance: given.Alliance) -> None:
    found = page(client, "/changes?from=10")

    assert f"/events/{alliance.database.size - 1}" in found.links()
    assert "sealed" in found.text
    for heard in alliance.heard:
        for each in heard.envelope.disclosures:
            assert not (isinstance(each.value, str) and len(each.value) > 20 and each.value in found.text)
    page(client, "/changes?from=12&to=10", status=400)
    page(client, "/changes?from=&to=&cohort=&node=")
