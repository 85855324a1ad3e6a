"""Whatever is opened, and every export, is written down before it is shown; and whose data it was can see that."""

import csv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import given
import hubs
import pytest
from fastapi.testclient import TestClient
from given import DRUP, IMPRESS, PROTARGET, case, signing_key
from granting import grant, named

from api.app import create_app
from ledger.errors import UnavailableError
from ledger.operations.hub import Hub
from ledger.store import access_log
from ledger.store.engine import reading

URL = "http://localhost"
ENROLLED = 18  # the entry of DRUP's that seals a patient's baseline
SEALED = "p.Val600Glu"


@pytest.fixture(scope="module")
def alliance() -> given.Alliance:
    """A patient of DRUP's is under treatment, and an auditor of DRUP's data, one of everybody's, and a company."""
    told = given.treated()
    told.says(DRUP, "access.granted", grant("auditor", until="2099"))
    told.says(PROTARGET, "access.granted", grant("auditor", until="2099"))
    told.says(DRUP, "access.granted", grant("investigator", role="investigator", until="2099"))
    told.says(IMPRESS, "access.granted", grant("auditor", role="investigator", until="2099"))
    return told


@pytest.fixture
def hub(alliance: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    opened = hubs.founded_hub(tmp_path_factory.mktemp("hub"), alliance)
    hubs.post(opened, alliance)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def client(hub: Hub) -> TestClient:
    return TestClient(create_app(hub, public_url=URL), base_url=URL, raise_server_exceptions=False)


def ask(client: TestClient, name: str, path: str) -> Any:
    return client.get(path, headers=named(name, URL).headers())


def lines(hub: Hub) -> list[access_log.AccessLine]:
    with reading(hub.engine) as connection:
        return list(access_log.page_access(connection, after=-1, limit=None))


def test_what_somebody_opens_is_written_down_with_the_grant_that_opened_it(
    hub: Hub, client: TestClient, alliance: given.Alliance
) -> None:
    answer = ask(client, "auditor", f"/events/{ENROLLED}")

    (line,) = lines(hub)
    assert SEALED in answer.text
    assert (line.kind, line.who, line.role) == ("grantee", signing_key("auditor").public.thumbprint, "auditor")
    assert (line.what, line.nodes, line.rows) == (f"/events/{ENROLLED}", [DRUP], 1)
    assert line.grants == [alliance.heard[20].envelope.claims.event_id]


@pytest.mark.parametrize(
    ("path", "nodes", "rows"),
    [
        (f"/cases/{DRUP}/{case(1)}", [DRUP], 2),
        ("/log/disclosures/000.p/20", [DRUP], 2),
        ("/board.csv", [DRUP, "finprove-fi", IMPRESS, "megalit-se", PROTARGET], 5),
        ("/contributions.csv", [DRUP, "finprove-fi", IMPRESS, "megalit-se", PROTARGET], 5),
    ],
)
def test_files_cases_and_tables_are_written_down_with_whose_they_are(
    hub: Hub, client: TestClient, path: str, nodes: list[str], rows: int
) -> None:
    assert ask(client, "auditor", path).status_code == 200

    (line,) = lines(hub)
    assert (line.what, line.nodes, line.rows) == (path, nodes, rows)


@pytest.mark.parametrize("path", ["/funnel", "/board", "/events", "/log/checkpoint", "/log/disclosures/000.p/5"])
def test_what_opens_nothing_and_takes_nothing_out_is_not_written_down(hub: Hub, client: TestClient, path: str) -> None:
    assert ask(client, "auditor", path).status_code == 200

    assert lines(hub) == []


def test_what_was_refused_is_not_written_down_as_read(hub: Hub, client: TestClient) -> None:
    statuses = [ask(client, "stranger", path).status_code for path in (f"/events/{ENROLLED}", "/board.csv")]

    assert statuses == [401, 401]
    assert lines(hub) == []


def test_what_cannot_be_written_down_is_not_shown(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, hub: Hub
) -> None:
    def fail(*_arguments: object) -> None:
        raise UnavailableError("another process is writing")

    monkeypatch.setattr("api.logged.append_access", fail)

    answers = [
        ask(client, "auditor", path) for path in (f"/events/{ENROLLED}", "/board.csv", "/log/disclosures/000.p/20")
    ]

    assert [answer.status_code for answer in answers] == [503] * 3
    assert [SEALED in answer.text for answer in answers] == [False] * 3
    assert lines(hub) == []


def test_a_member_sees_who_read_its_own_data_and_an_auditor_what_it_may_audit(client: TestClient) -> None:
    ask(client, "auditor", f"/events/{ENROLLED}")
    ask(client, DRUP, f"/events/{ENROLLED}")
    ask(client, IMPRESS, "/board.csv")

    seen = {
        name: [(line["n"], line["nodes"]) for line in ask(client, name, "/access-log").json()["lines"]]
        for name in (DRUP, IMPRESS, "auditor")
    }

    assert seen == {
        DRUP: [(0, [DRUP]), (1, [DRUP]), (2, [DRUP])],
        IMPRESS: [(2, [IMPRESS])],
        "auditor": [(0, [DRUP]), (1, [DRUP]), (2, [DRUP, PROTARGET])],
    }
    assert [ask(client, name, "/access-log").status_code for name in ("investigator", "stranger")] == [403, 401]
    assert client.get("/access-log").status_code == 401


def test_an_auditor_sees_nothing_of_who_read_what_it_investigates_only(client: TestClient) -> None:
    ask(client, IMPRESS, "/access-log.csv")
    ask(client, IMPRESS, "/board.csv")

    page, table = (ask(client, "auditor", path) for path in ("/access-log", "/access-log.csv"))

    assert [line["nodes"] for line in page.json()["lines"]] == [[DRUP, PROTARGET]]
    assert IMPRESS not in {name for line in csv.DictReader(table.text.splitlines()) for name in line["nodes"].split()}


def test_the_access_log_comes_in_pages(client: TestClient) -> None:
    for _ in range(3):
        ask(client, DRUP, f"/events/{ENROLLED}")

    first = ask(client, DRUP, "/access-log?limit=2")
    path = first.headers["link"].partition(">")[0].removeprefix("<")
    second = ask(client, DRUP, path)

    assert [line["n"] for answer in (first, second) for line in answer.json()["lines"]] == [0, 1, 2]
    assert "link" not in second.headers


def test_taking_out_the_access_log_is_written_down_too(hub: Hub, client: TestClient) -> None:
    ask(client, DRUP, f"/events/{ENROLLED}")

    answer = ask(client, DRUP, "/access-log.csv")

    (line,) = csv.DictReader(answer.text.splitlines())
    assert (line["who"], line["nodes"], line["what"]) == (DRUP, DRUP, f"/events/{ENROLLED}")
    assert [each.what for each in lines(hub)] == [f"/events/{ENROLLED}", "/access-log.csv"]


def test_a_caller_of_a_server_for_development_is_written_down_as_anyone(hub: Hub) -> None:
    client = TestClient(create_app(hub, dev=True), base_url=URL)

    assert SEALED in client.get(f"/events/{ENROLLED}").text
    assert [(line.kind, line.who) for line in lines(hub)] == [("anyone", "anyone")]


def test_many_who_read_at_once_are_all_written_down_and_none_waits_for_another_for_ever(
    hub: Hub, client: TestClient
) -> None:
    headers = [named(DRUP, URL).headers() for _ in range(24)]

    with ThreadPoolExecutor(max_workers=24) as many:
        statuses = list(many.map(lambda each: client.get(f"/events/{ENROLLED}", headers=each).status_code, headers))

    assert statuses == [200] * 24
    with reading(hub.engine) as connection:
        assert access_log.check_chain(connection) == 24
