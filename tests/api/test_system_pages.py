"""System, findings and access log as pages: that they say what the data say, and to whom."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import given
import hubs
import pytest
from fastapi.testclient import TestClient
from given import DRUP, IMPRESS, PROTARGET
from granting import grant, named
from watched import watched

from api.app import create_app
from ledger.operations.hub import Hub

URL = "http://localhost"
PAGE = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def told() -> given.Alliance:
    """A patient of DRUP's is treated, consent to share was withdrawn; an auditor was let in, and let go again."""
    alliance = given.treated()
    alliance.says(DRUP, "consent.withdrawn", {"case": given.case(1), "on": "2022-01-02", "scope": "sharing"})
    alliance.says(DRUP, "access.granted", grant("auditor", until="2099"))
    revoked = alliance.says(DRUP, "access.granted", grant("revoked", until="2099")).event.event_id
    alliance.says(DRUP, "access.revoked", {"grant": revoked, "reason_code": "mistake", "reason": "a slip"})
    return alliance


@pytest.fixture(scope="module")
def hub(told: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    opened = hubs.founded_hub(tmp_path_factory.mktemp("hub"), told)
    hubs.post(opened, told)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def client(hub: Hub) -> TestClient:
    return TestClient(create_app(hub, public_url=URL), base_url=URL)


def page(client: TestClient, path: str, who: str | None = None) -> str:
    headers = {} if who is None else named(who, URL).headers()
    answer = client.get(path, headers=PAGE | headers)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def named_in(text: str, what: str) -> str:
    found = re.search(rf'id="{what}">([^<]+)', text)
    assert found, what
    return found[1]


def test_the_systems_numbers_are_those_of_the_data(client: TestClient, hub: Hub) -> None:
    text = page(client, "/system", DRUP)
    version, ready = client.get("/version").json(), client.get("/readyz").json()
    note = client.get("/log/checkpoint").text.split("\n")
    digest = client.get("/log/digest", headers=named(DRUP, URL).headers()).text.split("\n")

    assert named_in(text, "version") == version["version"]
    assert named_in(text, "pin") == version["memorandum"]
    assert version["log_key"] in text
    assert int(named_in(text, "size")) == ready["sequenced"] == hub.appender.size()
    assert named_in(text, "root") == note[2]
    assert named_in(text, "digest") == digest[2]
    for node in (DRUP, PROTARGET, IMPRESS):
        head = client.get(f"/nodes/{node}/head", headers=named(node, URL).headers()).json()
        row = re.search(rf'<th scope="row">{node}</th>(.*?)</tr>', text, re.DOTALL)
        assert row
        assert f'<td class="number">{head["seq"]}</td>' in row[1]
        assert head["prev"] in row[1]
        assert head["keys"][0] in row[1]


def test_everybody_is_shown_what_is_public_and_readers_of_the_log_the_rest(client: TestClient) -> None:
    public, member = page(client, "/system"), page(client, "/system", DRUP)
    head = client.get(f"/nodes/{DRUP}/head", headers=named(DRUP, URL).headers()).json()

    assert named_in(public, "pin") == named_in(member, "pin")
    assert head["keys"][0] in public
    for told in (head["prev"], 'id="digest"', 'id="grants"', "Last entry", "/access-log"):
        assert told in member
        assert told not in public


def test_grants_are_listed_with_whether_they_hold(client: TestClient) -> None:
    text = page(client, "/system", DRUP)

    assert "2 grants" in text
    assert (text.count(">holds<"), text.count(">revoked<")) == (1, 1)


def test_who_cosigned_is_listed_with_when_and_how_many_are_needed(tmp_path: Path) -> None:
    with watched(tmp_path) as made:
        client = TestClient(create_app(made.hub, dev=True), base_url=URL)
        before = page(client, "/system")
        made.hub.witnessing.work()
        after = page(client, "/system")
        size = made.hub.appender.size()

    assert "none that is kept" in before
    assert "none that is kept" not in after
    assert "2 must cosign" in after
    assert f"{size} entries, cosigned by at least 2 of 3" in after
    for each in made.witnesses:
        assert f'<th scope="row">{each.name}</th><td class="number">{each.size}</td>' in after


def test_findings_are_grouped_and_lead_to_the_event_and_the_case(client: TestClient) -> None:
    data = client.get("/findings", headers=named(DRUP, URL).headers()).json()
    answer = client.get("/findings", headers=PAGE | named(DRUP, URL).headers())

    assert "withdrawn-not-erased" in {each["kind"] for each in data}
    assert "Consent was withdrawn, and values are there yet" in answer.text
    for each in data:
        assert f'href="/events/{each["index"]}"' in answer.text
    assert f'href="/cases/{DRUP}/{given.case(1)}"' in answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    assert "etag" not in answer.headers


def test_findings_of_an_earlier_moment_are_asked_for_by_its_address(client: TestClient) -> None:
    text = page(client, "/findings?at=18", DRUP)

    assert "Consent was withdrawn" not in text
    assert 'href="/events/' not in text or "?at=18" in text


def test_the_access_log_is_shown_in_pages_to_whose_data_was_read(client: TestClient) -> None:
    asked = {**PAGE, **named("auditor", URL).headers()}
    for _ in range(3):
        client.get("/events/18", headers=named("auditor", URL).headers())
    lines = client.get("/access-log", headers=named(DRUP, URL).headers()).json()["lines"]

    first, other = page(client, "/access-log?limit=2", DRUP), page(client, "/access-log", IMPRESS)
    next_page = re.search(r'rel="next" href="([^"]+)"', first)

    assert len(lines) >= 3
    assert next_page
    assert next_page[1] == f"/access-log?after={lines[1]['n']}&limit=2"
    rest = page(client, next_page[1], DRUP)
    assert lines[2]["at"] in rest
    assert lines[0]["at"] not in rest
    assert "/events/18" in first
    assert "/events/18" not in other  # a member that nobody read anything of
    assert client.get("/access-log", headers=asked).status_code == 200
    assert client.get("/access-log", headers=PAGE).status_code == 401
