"""What a process counts: by names that it made itself, and never by what somebody sent."""

from dataclasses import replace
from pathlib import Path

import given
import hubs
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from given import DRUP, case

from api.app import create_app
from api.meters import Meters
from api.problems import MEDIA_TYPE
from ledger.cli.demo_stage import free_port
from ledger.operations.hub import Hub
from ledger.store.engine import open_engine


def metrics(client: TestClient) -> dict[str, float]:
    """Each line that has a value, but those of latencies by bucket."""
    lines = client.get("/metrics").text.splitlines()
    samples = [line.rsplit(" ", 1) for line in lines if not line.startswith("#") and "_bucket" not in line]
    return {name: float(value) for name, value in samples}


def requests(route: str, method: str, status: int) -> str:
    return f'cohort_ledger_request_seconds_count{{method="{method}",route="{route}",status="{status}"}}'


def test_requests_are_counted_by_the_template_of_their_route_and_no_path_is_named(reader: TestClient) -> None:
    reader.get(f"/cases/{DRUP}/{case(1)}")
    reader.head(f"/cases/{DRUP}/{case(1)}")
    reader.get(f"/cases/{DRUP}/{case(77)}")
    reader.get(f"/nowhere/{case(78)}")
    reader.request(case(79), "/board")

    found = metrics(reader)

    assert found[requests("/cases/{node}/{case}", "GET", 200)] >= 1
    assert found[requests("/cases/{node}/{case}", "HEAD", 200)] >= 1
    assert found[requests("/cases/{node}/{case}", "GET", 404)] >= 1
    assert found[requests("none", "GET", 404)] >= 1
    assert found[requests("none", "other", 405)] >= 1
    assert "ca5e0000" not in reader.get("/metrics").text.lower()


def test_posts_are_counted_as_taken_known_or_refused_and_refusals_by_kind(client: TestClient, hub: Hub) -> None:
    alliance = given.founded()
    envelopes = [heard.envelope.text for heard in alliance.heard]
    before = metrics(client)

    for events in (envelopes, envelopes[:2], [envelopes[0][:-1]], [f"{case(9)}"]):
        client.post("/events", json={"events": events})
    client.post("/events", content=b"{", headers={"Content-Type": "text/plain"})

    found = metrics(client)
    assert before['cohort_ledger_posts_total{outcome="taken"}'] == 0
    assert found['cohort_ledger_posts_total{outcome="taken"}'] == 1
    assert found['cohort_ledger_posts_total{outcome="known"}'] == 1
    assert found['cohort_ledger_posts_total{outcome="refused"}'] == 3
    assert found["cohort_ledger_posted_events_total"] == len(envelopes) == hub.appender.size()
    assert found['cohort_ledger_refusals_total{kind="malformed"}'] == 2
    assert found['cohort_ledger_refusals_total{kind="status-415"}'] == 1


def test_two_apps_in_one_process_count_apart(tmp_path: Path) -> None:
    hub = hubs.founded_hub(tmp_path, given.Alliance())
    first, second = (TestClient(create_app(hub, dev=True), base_url="http://localhost") for _ in range(2))

    first.get("/version")

    assert metrics(first)[requests("/version", "GET", 200)] == 1
    assert requests("/version", "GET", 200) not in metrics(second)
    hub.engine.dispose()


def test_the_process_its_connections_and_how_it_stands_are_told(client: TestClient) -> None:
    found = metrics(client)

    assert found["process_resident_memory_bytes"] > 0
    assert found["cohort_ledger_database_connections_most"] > found["cohort_ledger_database_connections"] >= 0
    assert (found["cohort_ledger_read_only"], found["cohort_ledger_alarm"]) == (0, 0)
    assert found["cohort_ledger_requests_under_way"] == 1  # this one
    assert found["cohort_ledger_live_feeds"] == 0


def test_a_database_that_does_not_answer_hides_no_number_of_the_process(hub: Hub) -> None:
    down = replace(hub, engine=open_engine(f"postgresql://hub@127.0.0.1:{free_port()}/ledger"))

    found = Meters(down).text().decode().splitlines()

    assert "cohort_ledger_database_up 1.0" in Meters(hub).text().decode().splitlines()
    assert {"cohort_ledger_database_up 0.0", "cohort_ledger_read_only 0.0", "cohort_ledger_alarm 0.0"} <= set(found)
    assert not any(line.startswith("cohort_ledger_entries") for line in found)  # rather than a number that is not so


def test_what_gathers_posts_is_counted(client: TestClient) -> None:
    envelopes = [heard.envelope.text for heard in given.founded().heard]
    for envelope in envelopes:
        client.post("/events", json={"events": [envelope]})
    client.app.state.sequencer.stop()  # type: ignore[attr-defined]  # the app is ours; a post is answered, then counted

    found = metrics(client)

    assert found["cohort_ledger_posts_waiting"] == found["cohort_ledger_posts_turned_away_total"] == 0
    assert found["cohort_ledger_commits_total"] == found["cohort_ledger_commit_posts_total"] == len(envelopes)
    assert found["cohort_ledger_commit_posts_largest"] == 1
    assert found["cohort_ledger_commit_seconds_total"] > 0


def test_a_post_that_finds_the_queue_full_is_counted(client: TestClient) -> None:
    app = client.app
    assert isinstance(app, FastAPI)
    app.state.sequencer._most_waiting = 0

    answer = client.post("/events", json={"events": [given.founded().heard[0].envelope.text]})

    found = metrics(client)
    assert answer.status_code == 503
    assert found["cohort_ledger_posts_turned_away_total"] == 1
    assert found['cohort_ledger_refusals_total{kind="unavailable"}'] == 1


@pytest.mark.parametrize("sent", ["", "ca5e0000-0000-4000-8000-000000000001"])
def test_each_answer_has_an_id_of_its_own_which_no_caller_chooses(client: TestClient, sent: str) -> None:
    answers = [client.get("/version", headers={"X-Request-Id": sent}) for _ in range(2)]

    ids = {answer.headers["x-request-id"] for answer in answers}
    assert len(ids) == 2
    assert all(len(each) == 16 and each.isalnum() for each in ids)


def test_an_unexpected_error_is_answered_with_the_id_of_its_line(
    client: TestClient, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(hub.witnessing), "cosigned_at", lambda _self: 1 // 0)

    answer = client.get("/metrics")

    assert (answer.status_code, answer.headers["content-type"]) == (500, MEDIA_TYPE)
    assert len(answer.headers["x-request-id"]) == 16
