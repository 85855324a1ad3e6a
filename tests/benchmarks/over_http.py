"""Appending over HTTP: a server process as `serve` starts it, clients in another; what clients cost is in it.

The alliance has 200 members, so that 200 streams go on side by side. Of a thousand clients five share one node's stream
and take turns: a node's envelopes follow each other, whoever posts them.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import TypedDict

import given
import running
from appending import Urls, new_hub
from figures import Figure, quantile

from ledger.cli.demo_stage import free_port
from ledger.cohort.database import Head
from ledger.cohort.memorandum import Memorandum
from ledger.signing.canonical import Json, load
from ledger.signing.envelope import Claims, Envelope, seal, sign

NODES = [f"node-{number:03d}" for number in range(200)]
CLIENTS = ((1, 1, 300), (1, 100, 20), (1, 1_000, 3), (64, 1, 3_000), (64, 100, 30), (1_000, 1, 3_000))


class Europe(given.Alliance):
    """An alliance of many; what they say is signed, and neither judged nor stored here."""

    def __init__(self) -> None:
        super().__init__()
        key = given.memorandum_of(given.DRUP)
        members = [
            {
                "node": node,
                "trial": node.upper(),
                "country": "NL",
                "key": dict(given.signing_key(node).public.jwk),
                "opens_in_parallel": False,
            }
            for node in NODES
        ]
        self.memorandum = Memorandum.of({**key, "members": members})
        self.heads: dict[str, Head] = {}
        self.numbers = count(1)

    def signed(self, node: str, type_: str, data: dict[str, Json]) -> Envelope:
        names, number = given.SEALED[type_, 1], next(self.numbers)
        clear = {name: value for name, value in data.items() if name not in names}
        salts = (sha256(b"salt %d %d" % (number, each)).digest()[:16] for each in count())
        sealed, disclosures = seal(clear, {name: data.get(name) for name in names}, salts)
        head, event_id = self.heads.get(node), f"017e1f2a-0000-7000-8000-{number:012x}"
        claims = Claims(
            node=node,
            event_id=event_id,
            issued_at=int(given.START.timestamp()),
            seq=head.seq + 1 if head else 0,
            prev=head.hash if head else None,
            type=type_,
            version=1,
            actor=given.ACTOR,
            data=sealed,
        )
        envelope = sign(claims, disclosures, given.signing_key(node))
        self.heads[node] = Head(claims.seq, envelope.jws.hash)
        return envelope

    def founding(self) -> Iterator[str]:
        signing = {"memorandum": load(self.memorandum.text), "on": "2021-11-16"}
        for node in NODES:
            yield self.signed(node, "memorandum.signed", signing).text

    def registering(self) -> Iterator[str]:
        for node in NODES:
            yield self.signed(node, "trial.registered", given.trial_of(node)).text
            yield self.signed(node, "trial.opened", {"on": given.LONG_AGO}).text

    def profile(self, node: str, number: int) -> str:
        return self.signed(
            node, "case.profiled", {"case": given.case(number), "on": "2021-12-01", **given.PROFILE}
        ).text


def http_figures(folder: Path, urls: Urls, *, quick: bool) -> list[Figure]:
    found = []
    for name, of_parts in urls.items():
        url = of_parts["http"]
        home = folder / f"http-{name}"
        europe = Europe()
        hub = new_hub(home, url, europe)
        for text in europe.founding():
            hub.post([text])  # one by one: each names all members
        texts = [*europe.registering()]
        for start in range(0, len(texts), 100):
            hub.post(texts[start : start + 100])
        hub.engine.dispose()
        numbers = count(1)
        alone = 0.0
        with served(home, url) as port:
            for clients, batch, posts in CLIENTS:
                many = max(1, posts // 10) if quick else posts
                lines = list(posts_of(europe, clients, batch, many, numbers))
                told = posted(port, clients, lines)
                figure = Figure(
                    f"append, {name}, over HTTP, {clients} clients, batches of {batch}",
                    many * batch / told["seconds"],
                    p50_ms=quantile(told["took"], 0.5),
                    p99_ms=quantile(told["took"], 0.99),
                )
                if (clients, batch) == (1, 1):
                    alone = figure.value
                found.append(replace(figure, ratio=figure.value / alone, of="one client, one by one"))
    return found


def posts_of(europe: Europe, clients: int, batch: int, posts: int, numbers: Iterator[int]) -> Iterable[str]:
    """Posts of as many nodes as there are clients, turn about."""
    nodes = NODES[: min(clients, len(NODES))]
    for number in range(posts):
        node = nodes[number % len(nodes)]
        yield "\t".join([node, *(europe.profile(node, next(numbers)) for _ in range(batch))])


@contextmanager
def served(folder: Path, url: str) -> Iterator[int]:
    """A server process on the hub that is kept in a folder. Yields its port."""
    port = free_port()
    more = {"COHORT_LEDGER_DATA_DIR": str(folder / "hub"), "COHORT_LEDGER_DATABASE_URL": url}
    command = [*running.PROGRAM, "serve", "--dev", "--port", str(port)]
    with (folder / "served.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, env=running.surroundings(folder, **more), stderr=log)
        try:
            running._wait_for(f"http://127.0.0.1:{port}", server)
            yield port
        finally:
            server.terminate()
            server.wait(60)


class Told(TypedDict):
    seconds: float
    took: list[float]


def posted(port: int, clients: int, lines: Iterable[str]) -> Told:
    program = Path(__file__).with_name("clients.py")
    command = [sys.executable, str(program), str(port), str(clients)]
    ran = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    told: Told = json.loads(ran.stdout)
    return told
