"""kill -9 in the middle of posting, ten times: nothing acknowledged is lost, nothing half done is there."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import given
import httpx2 as httpx
import hubs

from ledger.operations.audit import audit
from ledger.operations.doctor import examine
from ledger.signing.envelope import Envelope
from ledger.store.engine import reading
from ledger.store.entries import find_entry

KILLS = 10
POSTED_BETWEEN = 40  # the hub is killed while one of these is under way


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """The hub of a folder in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"COHORT_LEDGER_DATA_DIR": str(folder / "hub"), "COHORT_LEDGER_PORT": str(port)}  # noqa: TID251 - of the child
    command = [sys.executable, "-m", "ledger.cli.main", "serve"]
    hub = subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            wait_until_ready(client)
            yield hub, client
    finally:
        hub.kill()
        hub.wait()


def wait_until_ready(client: httpx.Client) -> None:
    for _ in range(300):
        try:
            if client.get("/readyz").is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise AssertionError("the hub did not come up")


def post_until_killed(
    hub: subprocess.Popen[bytes], client: httpx.Client, envelopes: list[Envelope], delay_s: float
) -> int:
    """Post one by one, kill the hub a while after the first; returns how many were acknowledged."""
    acknowledged = 0
    kill_at = time.monotonic() + delay_s
    for envelope in envelopes:
        if time.monotonic() >= kill_at:
            break
        assert client.post("/events", json={"events": [envelope.text]}).status_code in (200, 201)
        acknowledged += 1
    pending = envelopes[acknowledged]
    with socket.create_connection(("127.0.0.1", client.base_url.port or 0)) as raw:
        body = b'{"events": ["%s"]}' % pending.text.encode()
        head = f"POST /events HTTP/1.1\r\nHost: 127.0.0.1:{client.base_url.port}\r\nContent-Type: application/json\r\n"
        raw.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        time.sleep(delay_s / 20)  # somewhere in its verification, transaction or publishing
        hub.send_signal(signal.SIGKILL)
        hub.wait()
    return acknowledged


def test_a_hub_killed_while_it_is_posted_to_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    # given: a history to post, and a hub that has its beginning
    alliance = given.treated()
    for _ in range(KILLS * POSTED_BETWEEN):
        alliance.says(given.DRUP, "response.assessed", given.patient(given.case(1)) | given.ASSESSMENT)
    envelopes = [heard.envelope for heard in alliance.heard]
    hubs.founded_hub(tmp_path, alliance).engine.dispose()
    acknowledged = 0

    for kill in range(KILLS):
        # when: it is killed in the middle of a post
        with serving(tmp_path) as (hub, client):
            acknowledged += post_until_killed(hub, client, envelopes[acknowledged:], 0.02 + kill * 0.04)

        # then: after a restart, what was acknowledged is there, and at most the one post under way besides
        restarted = hubs.reopened(tmp_path)
        size = restarted.appender.size()
        assert acknowledged <= size <= acknowledged + 1
        with reading(restarted.engine) as connection:
            for index in range(size):
                stored = find_entry(connection, index=index)
                assert stored is not None
                assert stored.jws == envelopes[index].jws.text
        found = audit(restarted.source("full"), pin=alliance.memorandum.hash, view="full")
        assert found.failure is None
        assert found.checkpoint is not None
        assert found.checkpoint.size == size
        acknowledged = size
        restarted.engine.dispose()

    # and everything that it stores agrees with everything else
    assert [finding for finding in examine(hubs.settings_in(tmp_path)) if finding.verdict != "well"] == []
    assert acknowledged > KILLS
