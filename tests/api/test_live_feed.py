"""The live feed: every entry, once, in order, from where the reader stands; and no reader keeps a server running."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import given
import httpx2 as httpx
import hubs
import pytest
import uvicorn
from fastapi.testclient import TestClient
from running import serving, surroundings

from api import tail
from api.app import create_app
from ledger.cli.demo_stage import free_port
from ledger.cli.serving import listen
from ledger.operations.hub import Hub

BURST = 1_000


def busy(size: int) -> given.Alliance:
    alliance = given.treated()
    while alliance.database.size < size:
        alliance.says(given.DRUP, "response.assessed", given.patient(given.case(1)) | given.ASSESSMENT)
    return alliance


@contextmanager
def listening(url: str, **headers: str) -> Iterator[Iterator[dict[str, str]]]:
    """Yields the messages of a feed, as they come."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with httpx.stream("GET", url, headers=named, timeout=20) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield messages(answer)


def messages(answer: httpx.Response) -> Iterator[dict[str, str]]:
    message: dict[str, str] = {}
    for line in answer.iter_lines():
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            message[name] = value
        elif message:
            yield message
            message = {}


def take(feed: Iterator[dict[str, str]], count: int) -> list[dict[str, str]]:
    return [next(feed) for _ in range(count)]


def entries_of(url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.get(f"{url}/events", params={"limit": "1000"}).json()["events"]
    return found


@pytest.fixture(scope="module")
def story() -> given.Alliance:
    return busy(BURST + 40)


@pytest.fixture(scope="module")
def server(story: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A hub in a process of its own, that has the first 20 events; and its folder."""
    folder = tmp_path_factory.mktemp("live")
    hub = hubs.founded_hub(folder, story)
    hub.post([heard.envelope.text for heard in story.heard[:20]])
    hub.engine.dispose()
    with serving(folder, "--data-dir", str(folder / "hub")) as url:
        yield url, folder


# ---------------------------------------------------------------------- where it begins


def test_a_feed_begins_behind_the_entry_that_the_reader_has(server: tuple[str, Path]) -> None:
    url, _ = server
    stored = entries_of(url)

    with listening(f"{url}/events/live?after=3") as feed:
        by_parameter = take(feed, 16)
    with listening(f"{url}/events/live?after=3", last_event_id="17") as feed:
        by_header = take(feed, 2)

    assert [int(message["id"]) for message in by_parameter] == list(range(4, 20))
    assert [json.loads(message["data"]) for message in by_parameter] == stored[4:20]
    assert {message["event"] for message in by_parameter} == {"entry"}
    assert [int(message["id"]) for message in by_header] == [18, 19]


@pytest.mark.parametrize("reader", [{"params": {"after": "99999"}}, {"headers": {"Last-Event-ID": "99999"}}])
def test_an_entry_that_is_not_there_is_another_logs(server: tuple[str, Path], reader: dict[str, Any]) -> None:
    assert httpx.get(f"{server[0]}/events/live", **reader).status_code == 404


@pytest.mark.parametrize("text", ["-1", "+1", "1_0", "", "x", "01", "9" * 30])
def test_a_place_is_read_strictly(server: tuple[str, Path], text: str) -> None:
    url = f"{server[0]}/events/live"

    assert httpx.get(url, params={"after": text}).status_code == 400
    assert httpx.get(url, headers={"Last-Event-ID": text}).status_code == 400


def test_who_asks_only_for_the_head_of_the_feed_is_not_kept_waiting(server: tuple[str, Path]) -> None:
    with httpx.Client(base_url=server[0], timeout=5) as client:
        head = client.head("/events/live")
        again = client.get("/healthz")  # on the same connection

    assert head.status_code == again.status_code == 200
    assert head.headers["content-type"].startswith("text/event-stream")


# ---------------------------------------------------------------------- what comes


def test_of_a_thousand_events_at_once_a_reader_gets_each_once_and_in_order(
    server: tuple[str, Path], story: given.Alliance
) -> None:
    # given: a reader at the present end, one that stands behind it, and one that reads nothing
    url, _ = server
    got: dict[str, list[int]] = {"end": [], "behind": []}

    def read(name: str, query: str, count: int, ready: threading.Event) -> None:
        with listening(f"{url}/events/live{query}") as feed:
            ready.set()
            got[name] = [int(message["id"]) for message in take(feed, count)]

    last = len(entries_of(url)) - 1
    ready = {name: threading.Event() for name in got}
    readers = [
        threading.Thread(target=read, args=("end", "", BURST, ready["end"])),
        threading.Thread(target=read, args=("behind", "?after=9", last - 9 + BURST, ready["behind"])),
    ]
    with httpx.stream("GET", f"{url}/events/live?after=0", timeout=20) as _idle:
        for reader in readers:
            reader.start()
        assert all(each.wait(10) for each in ready.values())

        # when: a thousand events are posted, one post after the other
        texts = [heard.envelope.text for heard in story.heard[last + 1 : last + 1 + BURST]]
        for group in [*([text] for text in texts[:20]), *hubs.batches(texts[20:], 98)]:
            assert httpx.post(f"{url}/events", json={"events": group}, timeout=30).status_code == 201

        # then
        for reader in readers:
            reader.join(20)
    assert got["end"] == list(range(last + 1, last + 1 + BURST))
    assert got["behind"] == list(range(10, last + 1 + BURST))


def test_what_another_process_appends_comes_too(server: tuple[str, Path], story: given.Alliance) -> None:
    url, folder = server
    with listening(f"{url}/events/live") as feed:
        other = hubs.reopened(folder)
        size = other.appender.size()

        other.post([story.heard[size].envelope.text])
        other.engine.dispose()

        assert int(next(feed)["id"]) == size


def test_what_the_hub_publishes_itself_comes_at_once(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, story: given.Alliance
) -> None:
    monkeypatch.setattr(tail, "LOOK_EVERY_S", 600)
    hub.post([story.heard[0].envelope.text])
    sent: list[bytes] = []

    def ending() -> None:
        for heard in story.heard[1:4]:
            time.sleep(0.2)
            hub.post([heard.envelope.text])
        time.sleep(0.2)
        hub.listeners.close()

    with TestClient(create_app(hub, dev=True), base_url="http://localhost") as client:
        told = threading.Thread(target=ending)
        told.start()
        with client.stream("GET", "/events/live", params={"after": "0"}) as answer:
            sent = [line for part in answer.iter_raw() for line in part.split(b"\n") if line.startswith(b"id: ")]
        told.join()

    assert sent == [b"id: 1", b"id: 2", b"id: 3"]
    assert hub.listeners._listeners == []


# ---------------------------------------------------------------------- how it ends


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_ends_its_feeds_and_itself(
    tmp_path: Path, story: given.Alliance, how: signal.Signals
) -> None:
    hubs.founded_hub(tmp_path, story).engine.dispose()
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "ledger.cli.main",
        "serve",
        "--dev",
        "--data-dir",
        str(tmp_path / "hub"),
        "--port",
        str(port),
    ]
    hub = subprocess.Popen(command, cwd=tmp_path, env=surroundings(tmp_path), stderr=subprocess.PIPE)
    try:
        with connected(f"http://127.0.0.1:{port}/events/live") as feed:
            started = time.monotonic()
            hub.send_signal(how)

            assert list(feed) == []  # it ends as an answer ends, and is not cut off
            code = hub.wait(10)
        assert time.monotonic() - started < 4  # and not when the server's patience with it is over
    finally:
        hub.kill()
        _, said = hub.communicate()
    assert code == (130 if how is signal.SIGINT else -signal.SIGTERM)
    assert b"rror" not in said


@contextmanager
def connected(url: str) -> Iterator[Iterator[dict[str, str]]]:
    """The feed of a server that is starting."""
    for _ in range(300):
        try:
            with listening(url) as feed:
                yield feed
                return
        except httpx.ConnectError:
            time.sleep(0.05)
    raise AssertionError("the hub did not come up")


def test_a_reader_that_goes_is_forgotten(hub: Hub, story: given.Alliance) -> None:
    # given: a feed that somebody reads
    hub.post([heard.envelope.text for heard in story.heard[:5]])
    listener, url = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_app(hub, dev=True), log_level="error"))
    running = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    running.start()
    try:
        with connected(f"{url}/events/live?after=0") as feed:
            assert len(take(feed, 4)) == 4
            assert len(hub.listeners._listeners) == 1

        # then: when they have gone, nobody is told for them
        for _ in range(100):
            if not hub.listeners._listeners:
                break
            time.sleep(0.02)
        assert hub.listeners._listeners == []
    finally:
        server.should_exit = True
        running.join()
