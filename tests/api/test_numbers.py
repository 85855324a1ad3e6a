"""Every number is a link: to a page that says what it counts, and shows no more than its reader may see."""

import json
from collections.abc import Iterator
from pathlib import Path

import given
import hubs
import pytest
from fastapi.testclient import TestClient
from given import COHORT, DRUP, IMPRESS, case
from granting import named
from pages import BROWSER, PageText
from stages import decision, last, two_evaluable

from api.app import create_app
from ledger.reports.nouns import NOUNS

URL = "http://localhost"
TWO = [(DRUP, case(1)), (given.PROTARGET, case(2))]
SEALED = ("benefit-claimed", "benefit-computed", "counted-claimed", "best-response", "worst-grade")


@pytest.fixture(scope="module")
def told() -> given.Alliance:
    """Two patients of two nodes were decided on, who benefited, and a third is under treatment."""
    alliance = two_evaluable()
    for node, handle in TWO:
        alliance.says(node, "outcome.determined", {**given.patient(handle), **given.CLAIM})
    alliance.says(DRUP, "cohort.stage_decided", decision(TWO, decision="expand", data_cut=last(alliance), benefits=2))
    alliance.treats(DRUP, case(3), stage=2)
    return alliance


@pytest.fixture(scope="module")
def folder(told: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("numbers")
    hub = hubs.founded_hub(made, told)
    hubs.post(hub, told)
    hub.engine.dispose()
    return made


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    with TestClient(create_app(hubs.reopened(folder), dev=True), base_url=URL) as opened:
        yield opened


@pytest.fixture(scope="module")
def guarded(folder: Path) -> Iterator[TestClient]:
    with TestClient(create_app(hubs.reopened(folder), public_url=URL), base_url=URL) as opened:
        yield opened


def page(client: TestClient, path: str) -> PageText:
    answer = client.get(path, headers=BROWSER)
    assert answer.status_code == 200, (path, answer.text[-900:])
    return PageText(answer.text)


def section_of(found: PageText) -> dict[str, str | None]:
    (section,) = found.having("data-verify")
    return section


def test_a_number_is_shown_with_its_definition_its_data_cut_its_rows_and_their_events(
    client: TestClient, told: given.Alliance
) -> None:
    found = page(client, f"/numbers/started?cohort={COHORT}&node={DRUP}")

    events = [each.index for each in told.database.events if (each.type, each.node) == ("treatment.started", DRUP)]
    section = section_of(found)
    assert section["data-events"] == ",".join(map(str, events))
    assert section["data-says"] == "2"
    assert json.loads(section["data-recount"] or "") == {"types": ["treatment.started"], "cohort": COHORT, "node": DRUP}
    assert [int(str(each["data-event"])) for each in found.having("data-event")] == events
    assert "stage 1 or 2" in found.text
    assert f"entry {told.database.size - 1}" in found.text
    assert {f"/events/{index}" for index in events} <= {*found.links}
    for link in found.links:
        if link.startswith(("/events/", "/cells/")):
            page(client, link)


@pytest.mark.parametrize(
    "name", [name for name, noun in NOUNS.items() if not noun.needs] + ["started-stage-3", "findings"]
)
def test_every_number_has_a_page(client: TestClient, name: str) -> None:
    assert page(client, f"/numbers/{name}")


def test_every_number_on_a_page_leads_to_one_that_says_the_same_or_why_not(client: TestClient) -> None:
    begun = ["/", "/board", f"/cohorts/{COHORT}", f"/cohorts/{COHORT}/progress"]
    walked = 0

    for path in begun:
        answer = client.get(path, headers=BROWSER)
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        for link in PageText(answer.text).links:
            if link.startswith("/numbers/"):
                page(client, link)
                walked += 1

    assert walked > 10


def test_a_number_goes_along_with_its_moment(client: TestClient, told: given.Alliance) -> None:
    first = next(each for each in told.database.events if each.type == "treatment.started")

    then = page(client, f"/numbers/started?cohort={COHORT}&at={first.index}")
    before = page(client, f"/numbers/started?cohort={COHORT}&at={first.index - 1}")
    early = page(client, f"/numbers/started?cohort={COHORT}&on=2021-12-02")

    assert section_of(then)["data-says"] == "1"
    assert section_of(then)["data-size"] == str(first.index + 1)
    assert (before.having("data-verify"), early.having("data-verify")) == ([], [])
    assert f"/events/{first.index}?at={first.index}" in then.links


def test_a_decisions_numbers_lead_to_what_it_names(client: TestClient, told: given.Alliance) -> None:
    entry = next(each.index for each in told.database.events if each.type == "cohort.stage_decided")

    for name in ("decided-on", "benefits"):
        found = page(client, f"/numbers/{name}?cohort={COHORT}&entry={entry}")
        assert len(found.having("data-event")) == 2
    assert client.get(f"/numbers/decided-on?entry={entry + 1}", headers=BROWSER).status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/numbers/happiness", 404),
        ("/numbers/%3Cscript%3E", 400),
        ("/numbers/started?at=99999", 404),
        ("/numbers/started?table=episodes", 400),
        ("/numbers/started?entry=-1", 400),
        ("/numbers/rows?table=nothing", 404),
        ("/numbers/rows", 400),
        ("/numbers/days-behind?cohort=braf-v600", 400),
        ("/numbers/benefit-claimed", 400),
        ("/numbers/benefit-claimed?cohort=nowhere", 404),
        (f"/numbers/benefit-claimed?cohort={COHORT}&group=country&name=XX", 404),
    ],
)
def test_a_number_that_there_is_not_is_a_page_that_says_so(client: TestClient, path: str, status: int) -> None:
    answer = client.get(path, headers=BROWSER)

    assert answer.status_code == status
    assert "<script>" not in answer.text


# ------------------------------------------------------------------ what rests on sealed values


def test_who_sees_all_is_shown_whom_a_sealed_number_counts(client: TestClient) -> None:
    for name, number in (("benefit-claimed", "2"), ("counted-claimed", "2"), ("benefit-computed", "0")):
        answer = client.get(f"/numbers/{name}?cohort={COHORT}&group=cohort&look=stage+1", headers=BROWSER)
        assert answer.status_code == 200, answer.text[-900:]
        assert f"<strong>{number}</strong>" in answer.text, name
        assert "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize("name", SEALED)
@pytest.mark.parametrize("who", [DRUP, IMPRESS])
def test_a_member_is_not_told_whom_a_sealed_number_counts(guarded: TestClient, who: str, name: str) -> None:
    answer = guarded.get(f"/numbers/{name}?cohort={COHORT}", headers={**BROWSER, **named(who, URL).headers()})

    assert answer.status_code == 403
    assert case(2) not in answer.text
    assert "sealed values" in answer.text


def test_a_member_is_told_what_counts_by_clear_fields(guarded: TestClient) -> None:
    answer = guarded.get(f"/numbers/evaluable?cohort={COHORT}", headers={**BROWSER, **named(IMPRESS, URL).headers()})

    assert answer.status_code == 200
    assert section_of(PageText(answer.text))["data-says"] == "2"


def test_outsiders_are_shown_no_link_and_no_page(guarded: TestClient) -> None:
    assert guarded.get("/numbers/started", headers=BROWSER).status_code == 401
    assert [each for each in PageText(guarded.get("/board", headers=BROWSER).text).links if "numbers" in each] == []
