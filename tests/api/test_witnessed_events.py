"""Witnesses, as who asks over HTTP sees them: states, receipts, files, health; and posts that wait for none."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import given
import hubs
import pytest
import watched as kit
from fastapi.testclient import TestClient
from watched import Answer, Watched, watched

from api.app import create_app
from ledger.cohort.witnesses import cosignatures_on, witnesses_of
from ledger.errors import TamperedError
from ledger.signing.checkpoint import read_checkpoint
from ledger.signing.kept import parse_kept
from ledger.signing.receipt import Receipt

URL = "http://localhost"


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Watched]:
    with watched(tmp_path) as opened:
        yield opened


def client_of(made: Watched) -> TestClient:
    return TestClient(create_app(made.hub, dev=True), base_url=URL, raise_server_exceptions=False)


def new_post(made: Watched) -> dict[str, Any]:
    number = made.alliance.database.size
    made.alliance.says(given.DRUP, "case.submitted", {"case": given.case(number), "on": "2021-11-20"})
    return {"events": [made.alliance.heard[-1].envelope.text]}


def eventually(client: TestClient, path: str, **members: object) -> None:
    for _ in range(300):
        found = client.get(path).json()
        if {name: found[name] for name in members} == members:
            return
        time.sleep(0.02)
    raise AssertionError(found)


def test_an_event_is_published_and_then_witnessed(made: Watched) -> None:
    client = client_of(made)
    taken = client.post("/events", json=new_post(made)).json()["events"][0]
    states = [each["state"] for each in client.get("/events").json()["events"]]

    made.hub.witnessing.work()

    assert (taken["state"], set(states)) == ("published", {"published"})
    assert {each["state"] for each in client.get("/events").json()["events"]} == {"witnessed"}
    assert client.get(f"/events/{taken['index']}").json()["entry"]["state"] == "witnessed"
    later = client.post("/events", json=new_post(made)).json()["events"][0]
    assert later["state"] == "published"
    assert client.get("/readyz").json()["witnessed"] == later["index"]


def test_a_receipt_has_the_cosignatures_as_soon_as_there_are_enough(made: Watched) -> None:
    client = client_of(made)
    made.hub.witnessing.work()
    size = len(made.alliance.heard)
    post = new_post(made)
    client.post("/events", json=post)

    witnessed = Receipt.parse(client.get("/events/3/receipt").content)
    published = Receipt.parse(client.get(f"/events/{size}/receipt").content)

    witnesses = witnesses_of(made.alliance.database)
    checkpoint, note = read_checkpoint(witnessed.checkpoint, hubs.LOG.verifier)
    assert (checkpoint.size, len(cosignatures_on(note, witnesses))) == (size, 3)
    checkpoint, note = read_checkpoint(published.checkpoint, hubs.LOG.verifier)
    assert (checkpoint.size, cosignatures_on(note, witnesses)) == (size + 1, [])
    made.hub.witnessing.work()
    again = client.post("/events", json=post)
    assert (again.status_code, again.json()["events"][0]["state"]) == (200, "witnessed")
    assert len(Receipt.parse(again.json()["events"][0]["receipt"].encode()).checkpoint) > len(published.checkpoint)


def test_kept_checkpoints_are_a_public_file_of_the_log(made: Watched) -> None:
    client = client_of(made)
    before = client.get("/log/checkpoints")
    made.hub.witnessing.work()

    after = client.get("/log/checkpoints")

    assert (before.status_code, before.content) == (200, b"")
    assert after.headers["cache-control"] == "public, max-age=1"
    assert after.headers["content-type"] == client.get("/log/checkpoint").headers["content-type"]
    [note] = parse_kept(after.content)
    assert read_checkpoint(note, hubs.LOG.verifier)[0].size == len(made.alliance.heard)


def test_metrics_say_how_far_and_when_each_witness_cosigned(made: Watched) -> None:
    client = client_of(made)
    made.witnesses[2].instead = lambda _body: (503, b"")
    made.hub.witnessing.work()

    lines = client.get("/metrics").text.splitlines()

    assert f"cohort_ledger_witnessed_entries {len(made.alliance.heard)}.0" in lines
    assert "cohort_ledger_read_only 0.0" in lines
    times = {
        line.split('"')[1]: float(line.split()[-1])
        for line in lines
        if line.startswith("cohort_ledger_witness_cosigned")
    }
    assert list(times) == list(kit.NAMES)
    assert [time_s > 1_700_000_000 for time_s in times.values()] == [True, True, False]


def test_the_running_server_asks_by_itself_after_each_post(made: Watched) -> None:
    with client_of(made) as client:
        index = client.post("/events", json=new_post(made)).json()["events"][0]["index"]

        eventually(client, "/readyz", witnessed=index + 1)


def test_a_post_is_answered_while_a_witness_hangs(made: Watched) -> None:
    hangs, release = made.witnesses[0], threading.Event()

    def answer(body: bytes) -> Answer:
        release.wait(30)
        return hangs.cosign(body)

    hangs.instead = answer
    made.hub.witnessing.asking.timeout_s = 20.0
    with client_of(made) as client:
        for _ in range(3):
            started = time.monotonic()
            taken = client.post("/events", json=new_post(made))
            assert taken.status_code == 201
            assert time.monotonic() - started < 5
        eventually(client, "/readyz", witnessed=len(made.alliance.heard))  # by the two others
        stopping = time.monotonic()
    assert time.monotonic() - stopping < 5
    release.set()


def test_a_server_that_starts_is_read_only_and_says_so_until_its_witnesses_have_answered(made: Watched) -> None:
    for each in made.witnesses[:2]:
        each.last_instead = lambda: (503, b"")
    made.restart()
    post = new_post(made)
    client = client_of(made)

    waiting = client.post("/events", json=post)
    ready = client.get("/readyz")

    assert (waiting.status_code, waiting.json()["type"]) == (503, "/help/errors/unavailable")
    assert waiting.json()["detail"] == ready.json()["read_only"]
    assert "read-only until 2 of 3 witnesses" in waiting.json()["detail"]
    assert ready.status_code == client.get("/board").status_code == 200
    assert "cohort_ledger_read_only 1.0" in client.get("/metrics").text.splitlines()
    for each in made.witnesses:
        each.last_instead = None
    with client_of(made) as running:
        eventually(running, "/readyz", read_only=None)
        assert running.post("/events", json=post).status_code == 201


def test_after_an_alarm_nothing_is_taken_and_the_server_is_not_ready(made: Watched) -> None:
    made.hub.standing.raise_alarm(TamperedError("w1.example knows another log", index=4))
    client = client_of(made)

    posted, ready = client.post("/events", json=new_post(made)), client.get("/readyz")

    assert (posted.status_code, posted.json()["type"], posted.json()["index"]) == (500, "/help/errors/tampered", 4)
    assert "refusal" not in posted.json()
    assert (ready.status_code, ready.json()["detail"]) == (503, "alarm: w1.example knows another log")
    assert client.get("/log/checkpoint").status_code == client.get("/healthz").status_code == 200


def test_a_server_says_where_half_of_its_witnesses_are_enough(tmp_path: Path) -> None:
    with watched(tmp_path, names=kit.NAMES[:2], witnesses_needed=1) as made:
        assert "1 of 2" in client_of(made).get("/readyz").json()["warning"]
