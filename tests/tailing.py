"""Many writers in several processes, and readers that tail what they write: each sees every event once, in order.

Two hubs serve one ledger over HTTP, a third is in this process; each node posts to one of them. Somebody posts what is
refused all the while, so that it rides with the others' posts.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import given
import httpx2 as httpx
import ledgers
import load
from outcomes import Outcome, logged
from readers import Feed, Mirror, Pages, Reader, Seen, Store, read_to_the_end

from ledger.store.engine import reading
from ledger.store.head import read_head

_SOME = 10  # acknowledged posts


class Tailed(NamedTuple):
    """posted: what was said and acknowledged. refused: posts that had to be. seen: by each reader."""

    posted: Outcome
    refused: int
    seen: list[Seen]

    @property
    def is_well(self) -> bool:
        return (
            self.posted.is_well and self.posted.acknowledged == self.posted.said and all(s.is_well for s in self.seen)
        )


def tail(database: str, folder: Path, *, seconds: float, processes: int = 1, kill: bool = False) -> Tailed:
    """processes: of writers, for each hub that is one itself. kill: PostgreSQL, in the middle of it all."""
    alliance = load.busy_alliance()
    nodes = sorted(alliance.members)
    with ledgers.ledger(database, folder, alliance) as it, ExitStack() as stack:
        hub = stack.enter_context(it.hub())
        served = stack.enter_context(ledgers.served(it, 2))
        urls = [each.url for each in served]
        start = len(alliance.heard)
        readers: list[Reader] = [
            Feed(urls, start),
            Feed(urls[:1], start, stays=(1_000_000,)),
            Pages(urls, start),
            Store(hub, start),
            Mirror(urls[1], folder / "mirror", start),
        ]
        for reader in readers:
            reader.start()
        # the nodes are dealt out: some to each process of writers, the others post from here, to the hub in here
        hands = _dealt(nodes, 2 * processes + 1)
        started = [_start(seconds, urls[n % 2], hand) for n, hand in enumerate(hands[:-1])]
        here = {node: alliance.database.streams[node] for node in hands[-1]}
        with (
            _refused(urls, alliance) as refused,
            load.posting(alliance, lambda _: load.InProcess(hub), heads=here, batch=2) as posting,
        ):
            if kill:
                posting.more(_SOME)
                it.server.kill()
                it.server.start()
            told = [json.loads(_output(each)) for each in started]
        with reading(hub.engine) as connection:
            size = read_head(connection).size
        read_to_the_end(readers, size)
        stack.close()
        log = logged(it.settings)
        posted = Outcome.of(
            "no fault",
            database,
            said=posting.said + sum(each["said"] for each in told),
            unknown=posting.unknown,
            acknowledged=_all(posting.acknowledged, told),
            log=log,
        )
        return Tailed(posted, refused[0], [reader.held_against(log) for reader in readers])


def _all(here: Mapping[str, int], told: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    found = dict(here)
    for each in told:
        found |= each["acknowledged"]
    return found


def _dealt(nodes: Sequence[str], hands: int) -> list[Sequence[str]]:
    return [nodes[n::hands] for n in range(hands)]


def _start(seconds: float, url: str, nodes: Sequence[str]) -> subprocess.Popen[str]:
    program = Path(__file__).with_name("writing.py")
    command = [sys.executable, str(program), str(seconds), url, *nodes]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _output(of: subprocess.Popen[str]) -> str:
    said, wrong = of.communicate()
    assert of.returncode == 0, wrong[-2_000:]
    return said


@contextmanager
def _refused(urls: Sequence[str], alliance: given.Alliance) -> Iterator[list[int]]:
    """Post what is no stream's next, to the end of the block. Yields how often that was refused."""
    ending, count = threading.Event(), [0]
    stale = load.Stream(alliance, min(alliance.members), None).next().text

    def go_on() -> None:
        with httpx.Client(timeout=30) as client:
            while not ending.is_set():
                for url in urls:
                    answer = client.post(f"{url}/events", json={"events": [stale]})
                    if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                        assert answer.status_code == httpx.codes.CONFLICT, answer.text
                        count[0] += 1
                time.sleep(0.02)

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield count
    finally:
        ending.set()
        thread.join(30)
