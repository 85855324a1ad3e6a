"""Reading from a replica: an older log at worst, never what is not for whoever asks, and as new as somebody asks for.

A frozen copy of the database stands for a replica that lags; the primary itself for one that does not.
"""

import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import databases
import given
import hubs
import pytest
from fastapi.testclient import TestClient
from mirrors import busy_alliance
from story import FOUNDERS

from api.app import create_app
from ledger.clock import now
from ledger.errors import SetupError
from ledger.operations.hub import Hub, open_hub

BEHIND, ALL = 20, 24
NEWEST = {"Ledger-Not-Older-Than": str(ALL - 1)}

pytestmark = pytest.mark.usefixtures("on_postgresql")


@pytest.fixture
def frozen(tmp_path: Path) -> str:
    """The URL of a copy that has what was published first; the ledger in the folder has more."""
    alliance = busy_alliance(ALL)
    hub = hubs.founded_hub(tmp_path, alliance)
    hub.appender.now = lambda: now() - timedelta(days=60)  # the last release to outsiders takes all of it in
    hub.post([heard.envelope.text for heard in alliance.heard[:BEHIND]])
    hub.close()
    (tmp_path / "replica").mkdir()
    url = databases.copied(hubs.settings_in(tmp_path).database_url, tmp_path / "replica")
    hub = hubs.reopened(tmp_path)
    hubs.post_long_ago(hub, alliance)
    hub.close()
    return url


@pytest.fixture
def hub(frozen: str, tmp_path: Path) -> Iterator[Hub]:
    opened = open_hub(hubs.settings_in(tmp_path, read_url=frozen), hubs.LOG)
    yield opened
    opened.close()


@pytest.fixture
def client(hub: Hub) -> Iterator[TestClient]:
    with TestClient(create_app(hub, public_url="http://127.0.0.1", dev=True), base_url="http://127.0.0.1") as client:
        yield client


def test_what_is_read_comes_from_the_replica(client: TestClient) -> None:
    assert [each["index"] for each in client.get("/events?limit=1000").json()["events"]] == list(range(BEHIND))
    assert client.get("/log/checkpoint").text.splitlines()[1] == str(BEHIND)


@pytest.mark.parametrize("path", ["/events?limit=1000", f"/events/{ALL - 1}", "/log/checkpoint", "/board", "/cohorts"])
def test_who_asks_for_no_older_log_than_an_index_is_answered_by_the_primary(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=NEWEST)

    assert answer.status_code == 200
    if path.startswith("/events?"):
        assert [each["index"] for each in answer.json()["events"]] == list(range(ALL))
    if path == "/log/checkpoint":
        assert answer.text.splitlines()[1] == str(ALL)


def test_an_index_that_nobody_has_is_not_waited_for_twice(client: TestClient) -> None:
    assert client.get("/events", headers={"Ledger-Not-Older-Than": str(ALL)}).status_code == 404
    assert client.get("/events", headers={"Ledger-Not-Older-Than": "+1"}).status_code == 400


def test_an_older_index_is_the_replicas_to_answer(client: TestClient) -> None:
    found = client.get("/events?limit=1000", headers={"Ledger-Not-Older-Than": str(BEHIND - 1)}).json()["events"]

    assert len(found) == BEHIND


def test_what_was_erased_meanwhile_is_shown_by_no_replica(client: TestClient, hub: Hub) -> None:
    alliance = busy_alliance(ALL)
    before = client.get("/log/disclosures/000.p/20").text
    alliance.says(given.DRUP, "disclosures.erased", {"case": given.case(1), "basis": "consent"})

    hubs.post(hub, alliance)

    answer = client.get("/log/disclosures/000.p/20")
    assert "~" in before
    assert answer.status_code == 503  # the replica's log does not tell of it yet
    assert answer.headers["retry-after"]


@pytest.mark.parametrize("path", ["/board", "/cohorts", "/contributions", "/cohorts/{cohort}/progress"])
def test_outsiders_are_shown_a_release_whole_or_two_of_it_would_subtract_to_a_patient(hub: Hub, path: str) -> None:
    cohort = next(record.key[0] for record in busy_alliance(ALL).database.rows("cohorts"))
    app = create_app(hub, public_url="http://127.0.0.1")

    with TestClient(app, base_url="http://127.0.0.1") as outsider:
        lagging, newest = (outsider.get(path.format(cohort=cohort), headers=more) for more in ({}, NEWEST))

    assert (lagging.status_code, lagging.headers["etag"]) == (200, newest.headers["etag"])
    assert lagging.json() == newest.json()


def test_a_replica_that_does_not_answer_is_done_without(tmp_path: Path, frozen: str) -> None:
    settings = hubs.settings_in(tmp_path, read_url="postgresql://nobody@127.0.0.1:1/ledger")
    hub = open_hub(settings, hubs.LOG)

    with TestClient(create_app(hub, public_url="http://127.0.0.1", dev=True), base_url="http://127.0.0.1") as client:
        assert len(client.get("/events?limit=1000").json()["events"]) == ALL
    assert frozen


def test_a_replica_that_takes_no_connection_is_not_waited_for_by_each_who_reads(tmp_path: Path, frozen: str) -> None:
    assert frozen
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/ledger?connect_timeout=2"
        hub = open_hub(hubs.settings_in(tmp_path, read_url=url), hubs.LOG)
        begun = time.monotonic()

        with TestClient(create_app(hub, public_url="http://127.0.0.1", dev=True), base_url="http://127.0.0.1") as asks:
            assert [len(asks.get("/events?limit=1000").json()["events"]) for _ in range(3)] == [ALL] * 3

        assert time.monotonic() - begun < 2


@pytest.mark.parametrize("path", ["/events?type=%00", "/events?case=a%00b", "/cells/nodes/%00"])
def test_a_character_that_the_database_cannot_hold_is_the_callers_mistake(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 400


def test_a_replica_of_another_ledger_or_on_sqlite_is_refused(tmp_path: Path, frozen: str) -> None:
    (tmp_path / "other").mkdir()
    hubs.founded_hub(tmp_path / "other", given.Alliance(FOUNDERS)).close()
    other = hubs.settings_in(tmp_path / "other", read_url=frozen)

    with pytest.raises(SetupError, match="of another ledger"):
        open_hub(other, hubs.LOG)
    with pytest.raises(SetupError, match="SQLite has none"):
        open_hub(hubs.settings_in(tmp_path, read_url=f"sqlite:///{tmp_path}/x.db"), hubs.LOG)
