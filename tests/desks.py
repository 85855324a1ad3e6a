"""A node at its desk: its folder, its drafts, and a line to a real hub that can fail where a test says."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import given
import httpx2 as httpx
from fastapi.testclient import TestClient

from api.app import create_app
from ledger.cli.keys import keys_of
from ledger.node.client import Answered, NodeClient
from ledger.node.flushing import flush
from ledger.node.folder import NodeFolder
from ledger.operations.hub import Hub
from ledger.signing.envelope import Envelope, parse_jws
from ledger.store.engine import reading
from ledger.store.entries import read_entries
from ledger.store.head import read_head

URL = "http://localhost"
Request = Callable[[httpx.Request], httpx.Response]


def desk(path: Path, alliance: given.Alliance, node: str = given.DRUP) -> NodeFolder:
    member = alliance.memorandum.member(node)
    assert member is not None
    folder = NodeFolder.create(path, member, given.ACTOR, key=given.signing_key(node), kept=None)
    folder.keep_memorandum(alliance.memorandum)
    return folder


def submitted(number: int) -> str:
    return json.dumps({"type": "case.submitted", "data": {"case": given.case(number), "on": "2021-11-20"}})


def profiled(number: int) -> str:
    """A draft with much that will be sealed."""
    data = {"case": given.case(number), "on": "2021-11-20", **given.PROFILE}
    return json.dumps({"type": "case.profiled", "data": data})


def refused(cohort: str = "nowhere") -> str:
    """A draft that is good at the desk, and that no rule admits."""
    return json.dumps({"type": "cohort.opened", "data": {"cohort": cohort, "on": "2021-11-16"}})


def added(folder: NodeFolder, *lines: str) -> None:
    folder.outbox.add(lines, [f"drafts.jsonl:{number}" for number, _ in enumerate(lines, start=1)])


def answering(hub: Hub) -> Request:
    """What a hub answers to a request."""
    served = TestClient(create_app(hub, dev=True), base_url=URL)

    def answer(request: httpx.Request) -> httpx.Response:
        got = served.request(request.method, request.url.path, content=request.content, headers=request.headers)
        return httpx.Response(got.status_code, content=got.content)

    return answer


@contextmanager
def client_of(
    folder: NodeFolder, answer: Request, seen: Callable[[bytes], None] = lambda _: None
) -> Iterator[NodeClient]:
    def connect(**settings: Any) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(answer), **settings)

    memorandum = folder.memorandum
    assert memorandum is not None
    with NodeClient(URL, memorandum, connect=connect, pause=lambda _seconds: None, seen=seen) as client:
        yield client


def flushed(folder: NodeFolder, answer: Request) -> list[Answered]:
    """Flush the outbox of a node's folder as a program does that was just started."""
    memorandum = folder.memorandum
    assert memorandum is not None
    keys = keys_of(folder, None)
    with client_of(folder, answer) as client:
        return [
            each
            for part in flush(
                folder.outbox,
                node=folder.name,
                memorandum=memorandum,
                seal=lambda text, end: folder.seal_line(text, keys, end),
                client=client,
                receipts=folder.receipts,
                refusals=folder.refusals,
            )
            for each in part
        ]


def said(hub: Hub, node: str = given.DRUP) -> list[Envelope]:
    """Everything of a node's that the hub's log holds, in its order."""
    with reading(hub.engine) as connection:
        stored = list(read_entries(connection, 0, read_head(connection).size))
    return [envelope for envelope in (parse_jws(each.jws) for each in stored) if envelope.claims.node == node]


def cases_of(envelopes: list[Envelope]) -> list[tuple[str, int]]:
    """Type and number of the case of each that is about one, in order."""
    return [
        (each.claims.type, int(str(each.claims.data["case"])[-12:])) for each in envelopes if "case" in each.claims.data
    ]


def again(folder: NodeFolder) -> NodeFolder:
    """As a program finds it that is started anew."""
    return NodeFolder.open(folder.path)


def all_hold_receipts(hub: Hub, folder: NodeFolder, *, since: int) -> bool:
    kept = {each.envelope.jws.text for each in folder.receipts.kept()}
    return kept == {each.jws.text for each in said(hub)[since:]}
