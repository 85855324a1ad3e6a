"""Many nodes that post at once, each its own stream, and keep what was acknowledged: what no fault may take away.

A node that gets no answer, or one that it cannot rely on, sends the same bytes again until it knows. So each of its
events is in the log once, at the index that it was told, whatever happened meanwhile.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import given
import httpx2 as httpx

from ledger.clock import new_case_id, new_event_id, new_salts, now
from ledger.cohort.database import Head
from ledger.errors import UnavailableError
from ledger.node.client import NodeClient
from ledger.node.drafts import Draft, seal_draft
from ledger.node.receipts import Kept, ReceiptChecker
from ledger.operations.hub import Hub
from ledger.signing.envelope import Envelope
from ledger.store.engine import reading
from ledger.store.entries import find_entry

Post = Callable[[Sequence[Envelope]], list[int]]  # returns indexes, of which each is proved by a receipt

_AGAIN_S = 0.02
_GIVE_UP_S = 30.0
_SLOW_S = 30.0  # for an answer


def busy_alliance(nodes: int = 8) -> given.Alliance:
    """All of its trials are open; nodes beyond the founders have joined."""
    alliance = given.founded()
    joined = [f"trial-{number:02}" for number in range(nodes - len(given.FOUNDERS))]
    for node in joined:
        alliance.adopts(f"join-{node}", "accession", given.accession(node) | {"trial": node})
        alliance.signs(node)
    alliance.runs_trial(*given.FOUNDERS, *joined)
    return alliance


class Stream:
    """What a node says next: of one case after the other that it came, and its profile, which is sealed."""

    def __init__(self, alliance: given.Alliance, node: str) -> None:
        self.node = node
        self._key = alliance.key(node)
        self._head: Head | None = alliance.database.streams.get(node)
        self._case: str | None = None

    def next(self) -> Envelope:
        if self._case is None:
            self._case = new_case_id()
            draft = Draft("case.submitted", {"case": self._case, "on": "2021-11-20"})
        else:
            draft = Draft("case.profiled", {"case": self._case, "on": "2021-11-22", **given.PROFILE})
            self._case = None
        envelope = seal_draft(
            draft,
            node=self.node,
            head=self._head,
            key=self._key,
            actor=given.ACTOR,
            event_id=new_event_id(),
            issued_at=now() - timedelta(seconds=1),
            salts=new_salts(),
        )
        self._head = Head(envelope.claims.seq, envelope.hash)
        return envelope


class Writer(threading.Thread):
    """Says one thing after the other until it is told to end; then until it knows what became of the last."""

    def __init__(self, stream: Stream, post: Post, *, ending: threading.Event, batch: int = 1) -> None:
        super().__init__(name=stream.node, daemon=True)
        self.said = 0
        self.acknowledged: dict[str, int] = {}
        self.unknown = 0  # answers that left open what the log has
        self.fault: str | None = None  # what no node should ever be answered
        self._stream, self._post, self._ending, self._batch = stream, post, ending, batch

    def run(self) -> None:
        while not self._ending.is_set() and self.fault is None:
            envelopes = [self._stream.next() for _ in range(self._batch)]
            self.said += len(envelopes)
            self._say(envelopes)

    def _say(self, envelopes: Sequence[Envelope]) -> None:
        started = time.monotonic()
        while time.monotonic() - started < _GIVE_UP_S:
            try:
                indexes = self._post(envelopes)
            except UnavailableError:
                self.unknown += 1
                time.sleep(_AGAIN_S)
            except Exception as error:  # noqa: BLE001 - whatever it is, the test is to see it
                self.fault = f"{type(error).__name__}: {error}"
                return
            else:
                names = [envelope.claims.event_id for envelope in envelopes]
                self.acknowledged |= dict(zip(names, indexes, strict=True))
                return
        self.fault = f"no answer in {_GIVE_UP_S:.0f} s"


class Load:
    """All writers together."""

    def __init__(self, alliance: given.Alliance, post_of: Callable[[str], Post], *, nodes: Sequence[str] | None) -> None:
        named = alliance.members if nodes is None else nodes
        self._ending = threading.Event()
        self.writers = [Writer(Stream(alliance, node), post_of(node), ending=self._ending) for node in named]

    @property
    def acknowledged(self) -> dict[str, int]:
        """Event id -> index."""
        return {name: index for writer in self.writers for name, index in list(writer.acknowledged.items())}

    @property
    def said(self) -> int:
        return sum(writer.said for writer in self.writers)

    @property
    def unknown(self) -> int:
        return sum(writer.unknown for writer in self.writers)

    def more(self, count: int) -> None:
        """Wait until so many more are acknowledged."""
        wanted = len(self.acknowledged) + count
        self.until(lambda: len(self.acknowledged) >= wanted)

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _GIVE_UP_S
        while not holds():
            faults = [writer.fault for writer in self.writers if writer.fault]
            assert not faults, faults
            assert time.monotonic() < deadline, "the writers get nowhere"
            time.sleep(0.005)

    def end(self) -> None:
        """Let each writer hear what became of what it said last."""
        self._ending.set()
        for writer in self.writers:
            writer.join(_GIVE_UP_S)
        faults = [writer.fault for writer in self.writers if writer.fault]
        assert not faults, faults


@contextmanager
def posting(
    alliance: given.Alliance, post_of: Callable[[str], Post], *, nodes: Sequence[str] | None = None
) -> Iterator[Load]:
    """All nodes (or these) post, to the end of the block, and a moment longer. post_of: how a node does it."""
    load = Load(alliance, post_of, nodes=nodes)
    for writer in load.writers:
        writer.start()
    try:
        yield load
    finally:
        load.end()


# ---------------------------------------------------------------------- how


def over_http(url: str, alliance: given.Alliance, statuses: Counter[int] | None = None) -> Post:
    """As a node's program posts. statuses: counts what the hub answered; anything but an acknowledgement must be 503,
    and say when to come again.
    """

    def look(answer: httpx.Response) -> None:
        if statuses is not None:
            statuses[answer.status_code] += 1
        if not answer.is_success:
            answer.read()
            assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
            assert int(answer.headers["Retry-After"]) > 0

    connect = partial(httpx.Client, event_hooks={"response": [look]})
    client = NodeClient(url, alliance.memorandum, connect=connect, pause=lambda _s: time.sleep(_AGAIN_S))
    return lambda envelopes: [each.kept.receipt.index for each in client.post_once(envelopes)]


def in_process(hub: Hub) -> Post:
    """Each receipt is checked, as a node checks it."""
    checker = ReceiptChecker(hub.memorandum)

    def post(envelopes: Sequence[Envelope]) -> list[int]:
        answers = hub.post([each.text for each in envelopes])
        with reading(hub.engine) as connection:
            stored = [find_entry(connection, index=posted.index) for posted, _ in answers]
        for envelope, (_, receipt), entry in zip(envelopes, answers, stored, strict=True):
            assert entry is not None
            checker.check(Kept(envelope, entry.received, receipt))
        return [posted.index for posted, _ in answers]

    return post


