"""`publish-static` as it is run: beside a hub, from its database or its address, for readers who never ask the hub."""

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import given
import hubs
import pytest
import uvicorn
from mirrors import busy_alliance, claimed, files_in, served
from running import PROGRAM, run, surroundings
from starlette.types import Receive, Scope, Send

from api.app import create_app
from ledger.cli.serving import listen
from ledger.operations.hub import Hub
from ledger.signing.checkpoint import Checkpoint
from ledger.signing.note import Note

SIZE = 300
OWN = ("--data-dir", "hub")


@pytest.fixture(scope="module")
def alliance() -> given.Alliance:
    return busy_alliance(SIZE + 5)


@pytest.fixture
def hub(tmp_path: Path, alliance: given.Alliance) -> Iterator[Hub]:
    opened = hubs.founded_hub(tmp_path, alliance)
    for group in hubs.batches([heard.envelope.text for heard in alliance.heard[:SIZE]], 300):
        opened.post(group)
    yield opened
    opened.engine.dispose()


class Asked:
    """An app that remembers what was asked of it."""

    def __init__(self, hub: Hub) -> None:
        self.paths: list[str] = []
        self._app = create_app(hub, dev=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.paths.append(scope["path"])
        await self._app(scope, receive, send)


@contextmanager
def running(app: Asked) -> Iterator[str]:
    listener, url = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield url
    finally:
        server.should_exit = True
        thread.join()


def size_in(folder: Path) -> int:
    try:
        return Checkpoint.parse(Note.parse((folder / "checkpoint").read_bytes()).text).size
    except FileNotFoundError:
        return -1


def eventually(holds: Callable[[], bool], *, within_s: float = 15) -> bool:
    end = time.monotonic() + within_s
    while time.monotonic() < end and not holds():
        time.sleep(0.02)
    return holds()


def test_an_audit_and_a_mirror_of_what_a_file_server_shows_ask_the_hub_nothing(tmp_path: Path, hub: Hub) -> None:
    app = Asked(hub)
    with running(app) as url, served(tmp_path / "www") as static:
        # given: a folder that was published from the hub's address
        told = run(tmp_path, "publish-static", "www/log", "--entries", "--from", url, "--once", "--json")
        assert told.returncode == 0, told.stderr
        app.paths.clear()

        # when
        audit = run(tmp_path, "audit", static, "--pin", hub.memorandum.hash.hex(), "--json")
        mirrored = run(tmp_path, "mirror", static, "mirrored")

        # then
        assert app.paths == []
    found = json.loads(audit.stdout)
    assert (audit.returncode, found["holds"], found["size"], found["view"]) == (0, True, SIZE, "clear"), audit.stderr
    assert (mirrored.returncode, claimed(tmp_path / "mirrored")) == (0, SIZE)
    assert files_in(tmp_path / "mirrored") == files_in(tmp_path / "www/log")
    assert [*files_in(tmp_path / "www/log")] != []
    assert {*json.loads(told.stdout)["written"]} == files_in(tmp_path / "www/log").keys()


def test_from_the_hubs_own_database_what_is_public_can_be_compared_with_what_the_hub_shows(
    tmp_path: Path, hub: Hub
) -> None:
    said = run(tmp_path, "publish-static", "www/log", "--once", *OWN)
    with running(Asked(hub)) as url:
        compared = run(tmp_path, "compare", url, "www/log")

    assert (said.returncode, said.stdout) == (0, f"www/log: {SIZE} entries, public view\n"), said.stderr
    assert compared.returncode == 0, compared.stdout + compared.stderr
    assert not [name for name in files_in(tmp_path / "www/log") if "entries" in name or name[0] == "d"]


def test_it_keeps_in_step_until_it_is_interrupted(tmp_path: Path, hub: Hub, alliance: given.Alliance) -> None:
    command = [*PROGRAM, "publish-static", "log", "--every", "0.1", *OWN]
    publisher = subprocess.Popen(
        command, cwd=tmp_path, env=surroundings(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert eventually(lambda: size_in(tmp_path / "log") == SIZE)
        for size in (SIZE + 1, SIZE + 2):
            hub.post([alliance.heard[size - 1].envelope.text])
            assert eventually(lambda wanted=size: size_in(tmp_path / "log") == wanted)  # type: ignore[misc]  # of each
    finally:
        publisher.send_signal(signal.SIGINT)
        said, remarks = publisher.communicate(timeout=20)
    assert publisher.returncode == 130
    assert said.splitlines() == [f"log: {SIZE + n} entries, public view" for n in range(3)]
    assert "Traceback" not in remarks


def test_a_hub_that_was_rolled_back_or_forked_is_not_published(
    tmp_path: Path, hub: Hub, alliance: given.Alliance
) -> None:
    # given: a folder that was published, and another history by the same key
    assert hub.appender.size() == SIZE
    assert run(tmp_path, "publish-static", "log", "--once", *OWN).returncode == 0
    before = files_in(tmp_path / "log")
    (tmp_path / "other").mkdir()
    other = hubs.founded_hub(tmp_path / "other", alliance)
    for size, words in ((SIZE - 10, "rolled back"), (SIZE + 5, "forked")):
        known = other.appender.size()
        other.post([heard.envelope.text for heard in alliance.heard[known:size]])

        refused = run(tmp_path, "publish-static", "log", "--once", "--data-dir", "other/hub")

        assert (refused.returncode, words in refused.stderr) == (3, True), refused.stderr
        assert files_in(tmp_path / "log") == before
    other.engine.dispose()


def test_a_folder_for_everybody_never_becomes_one_with_entries(tmp_path: Path, hub: Hub) -> None:
    assert hub.memorandum
    assert run(tmp_path, "publish-static", "log", "--once", *OWN).returncode == 0

    refused = [
        run(tmp_path, "publish-static", "log", "--once", "--entries", *OWN),
        run(tmp_path, "publish-static", "log", "--once", "--pin", "00" * 32, *OWN),
    ]

    assert [each.returncode for each in refused] == [2, 3]
    assert "name another folder" in refused[0].stderr
