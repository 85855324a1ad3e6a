"""Many nodes that post at once, each its own stream, and keep what was acknowledged: what no fault may take away.

A node that gets no answer, or one that it cannot rely on, sends the same bytes again until it knows. So each of its
events is in the log once, at the index that it was told, whatever happened meanwhile.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from typing import Protocol

import given
import httpx2 as httpx

from ledger.clock import new_case_id, new_event_id, new_salts, now
from ledger.cohort.database import Head
from ledger.errors import UnavailableError
from ledger.node.client import NodeClient
from ledger.node.drafts import Draft, seal_draft
from ledger.node.receipts import Kept, ReceiptChecker
from ledger.operations.hub import Hub
from ledger.signing.entry import format_time
from ledger.signing.envelope import Envelope


class Post(Protocol):
    """A way to post. Returns indexes, each of which a receipt has proved. unknown: how many answers of those that it
    has dealt with itself left open what the log has.
    """

    unknown: int

    def __call__(self, envelopes: Sequence[Envelope]) -> list[int]: ...

    def close(self) -> None: ...


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

    def __init__(self, alliance: given.Alliance, node: str, head: Head | None) -> None:
        self.node = node
        self._key = alliance.key(node)
        self._head = head
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
        self._unknown = 0
        self.fault: str | None = None  # what no node should ever be answered
        self._stream, self._post, self._ending, self._batch = stream, post, ending, batch

    @property
    def unknown(self) -> int:
        """How many answers left open what the log has."""
        return self._unknown + self._post.unknown

    def run(self) -> None:
        with closing(self._post):
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
                self._unknown += 1
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

    def __init__(
        self, alliance: given.Alliance, post_of: Callable[[str], Post], *, heads: Mapping[str, Head], batch: int
    ) -> None:
        self._ending = threading.Event()
        self.writers = [
            Writer(Stream(alliance, node, head), post_of(node), ending=self._ending, batch=batch)
            for node, head in heads.items()
        ]

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

    def until(self, holds: Callable[[], bool], *, give_up_s: float = _GIVE_UP_S) -> None:
        deadline = time.monotonic() + give_up_s
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
    alliance: given.Alliance,
    post_of: Callable[[str], Post],
    *,
    heads: Mapping[str, Head] | None = None,
    batch: int = 1,
) -> Iterator[Load]:
    """Nodes post, to the end of the block, and a moment longer. post_of: how a node does it. heads: of which nodes, and
    where their streams end; those of the alliance where none are named.
    """
    load = Load(alliance, post_of, heads=alliance.database.streams if heads is None else heads, batch=batch)
    for writer in load.writers:
        writer.start()
    try:
        yield load
    finally:
        load.end()


# ---------------------------------------------------------------------- how


class OverHttp:
    """As a node's program posts. statuses: counts what the hub answered; anything but an acknowledgement must be 503,
    and say when to come again.
    """

    def __init__(self, url: str, alliance: given.Alliance, statuses: Counter[int] | None = None) -> None:
        self._statuses = Counter[int]() if statuses is None else statuses
        self.unknown = 0
        connect = partial(httpx.Client, event_hooks={"response": [self._look]})
        self._client = NodeClient(url, alliance.memorandum, connect=connect, pause=self._come_again)

    def __call__(self, envelopes: Sequence[Envelope]) -> list[int]:
        return [each.kept.receipt.index for each in self._client.post_once(envelopes)]

    def close(self) -> None:
        self._client.__exit__(None, None, None)

    def _come_again(self, _seconds: float) -> None:
        self.unknown += 1
        time.sleep(_AGAIN_S)

    def _look(self, answer: httpx.Response) -> None:
        self._statuses[answer.status_code] += 1
        if not answer.is_success:
            answer.read()
            assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
            assert int(answer.headers["Retry-After"]) > 0


class InProcess:
    """To hubs of this process, one after the other. Each receipt is checked, as a node checks it."""

    def __init__(self, *several: Hub) -> None:
        self.unknown = 0
        self._hubs = list(several)
        self._checker = ReceiptChecker(several[0].memorandum)

    def __call__(self, envelopes: Sequence[Envelope]) -> list[int]:
        hub = self._hubs[0]
        self._hubs.append(self._hubs.pop(0))
        answers = hub.post([each.text for each in envelopes])
        for envelope, (posted, receipt) in zip(envelopes, answers, strict=True):
            self._checker.check(Kept(envelope, format_time(posted.received), receipt))
        return [posted.index for posted, _ in answers]

    def close(self) -> None:
        """They are others'."""
