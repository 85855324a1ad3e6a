"""Gathers concurrent posts: those that arrive while a commit is under way ride in the next one.

A post waits in a queue that is bounded, in posts and in bytes, until one thread takes it into a group, with whatever
else waits. Until then it may be turned away, and nothing has happened; from then on it is answered by what came of it,
however long that takes. Whoever goes away meanwhile stops nobody else.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from typing import NamedTuple, TypeAlias

from ledger.errors import LedgerError, UnavailableError
from ledger.operations.append import Posted
from ledger.operations.hub import Hub
from ledger.operations.judging import POST_BYTES_MAX, Post
from ledger.signing.receipt import Receipt
from ledger.store.engine import reading
from ledger.store.head import read_head

Answer: TypeAlias = list[tuple[Posted, Receipt]]

WAITING_MAX = 2_000  # posts
WAITING_BYTES_MAX = 8 * POST_BYTES_MAX
WAIT_MAX_S = 30.0
_GROUP_ENVELOPES_MAX = 1_000  # what one transaction takes; a single post may have as many
_GROUP_BYTES_MAX = POST_BYTES_MAX


class _Waiting(NamedTuple):
    post: Post
    envelopes: int
    size: int
    answer: "Future[Answer]"


class Sequencer:
    """One hub's. most_waiting, most_waiting_bytes: what the queue holds; a post has about as many bytes as characters.
    most_wait_s: how long a post stays in it.

    waiting: posts in the queue now; groups, posts: how many were taken so far, in busy_s seconds; largest: posts of the
    largest group; turned_away: posts that found the queue full. witnessed: how many entries enough
    witnesses had cosigned when the last group was answered.
    """

    def __init__(
        self,
        hub: Hub,
        *,
        most_waiting: int = WAITING_MAX,
        most_waiting_bytes: int = WAITING_BYTES_MAX,
        most_wait_s: float = WAIT_MAX_S,
    ) -> None:
        self._hub = hub
        self._most_waiting = most_waiting
        self._most_waiting_bytes = most_waiting_bytes
        self._most_wait_s = most_wait_s
        self._lock = threading.Lock()
        self._queue: deque[_Waiting] = deque()
        self._bytes = 0
        self._is_at_work = False
        self._is_closed = False
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="sequencer")  # never two groups at once
        self.groups = 0
        self.posts = 0
        self.largest = 0
        self.busy_s = 0.0
        self.turned_away = 0
        self.witnessed = 0

    @property
    def waiting(self) -> int:
        return len(self._queue)

    async def post(self, post: Sequence[str]) -> Answer:
        """Have a post appended with those that wait. Raises what it is refused with, as `Hub.post` does, and
        UnavailableError where the queue is full, where it waited too long, or the hub is closing: nothing is stored
        then.
        """
        answer = self._enqueue(post)
        shared = asyncio.wrap_future(answer)
        try:
            await asyncio.wait({shared}, timeout=self._most_wait_s)
        except asyncio.CancelledError:
            shared.cancel()  # who goes away: it is not taken, if it was not yet
            raise
        if not shared.done() and answer.cancel():
            raise UnavailableError("the post waited too long for those before it: nothing is stored; post it again")
        return await shared

    def stop(self) -> None:
        """Answer what waits, and take nothing more."""
        with self._lock:
            self._is_closed = True
        self._worker.shutdown(wait=True)

    def _enqueue(self, post: Sequence[str]) -> "Future[Answer]":
        size = sum(map(len, post))
        with self._lock:
            if self._is_closed:
                raise UnavailableError("the hub is closing: nothing is stored; post it again when it is back")
            if len(self._queue) >= self._most_waiting or self._bytes + size > self._most_waiting_bytes:
                self.turned_away += 1
                raise UnavailableError(f"{len(self._queue)} posts are waiting, and no more may: post it again later")
            # with its place it has its turn: what is long is judged by others until that comes
            waiting = _Waiting(self._hub.appender.begin(post), len(post), size, Future())
            self._queue.append(waiting)
            self._bytes += size
            if not self._is_at_work:
                self._is_at_work = True
                self._worker.submit(self._work)
        return waiting.answer

    def _work(self) -> None:
        while group := self._next_group():
            begun = time.monotonic()
            self._answer(group)
            self.busy_s += time.monotonic() - begun
            self.largest = max(self.largest, len(group))

    def _next_group(self) -> list[_Waiting]:
        """Nothing, once nothing waits; from then on somebody else is to be called."""
        group: list[_Waiting] = []
        envelopes = size = 0
        with self._lock:
            while self._queue:
                first = self._queue[0]
                envelopes, size = envelopes + first.envelopes, size + first.size
                if group and (envelopes > _GROUP_ENVELOPES_MAX or size > _GROUP_BYTES_MAX):
                    break
                self._queue.popleft()
                self._bytes -= first.size
                if first.answer.set_running_or_notify_cancel():  # else nobody waits for it any more
                    group.append(first)
                else:
                    envelopes, size = envelopes - first.envelopes, size - first.size
            self._is_at_work = bool(group)
            self.groups += bool(group)
            self.posts += len(group)
        return group

    def _answer(self, group: list[_Waiting]) -> None:
        try:
            answers = self._hub.post_each([each.post for each in group])
            with reading(self._hub.engine) as connection:
                self.witnessed = read_head(connection).witnessed_size
        except LedgerError as error:
            for each in group:
                each.answer.set_exception(copy(error))  # each caller adds what it knows
        except Exception as error:  # noqa: BLE001 - a mistake in this program, which is the callers' to show
            self._answer_apart(group, error)
        else:
            for each, answer in zip(group, answers, strict=True):
                if isinstance(answer, LedgerError):
                    each.answer.set_exception(answer)
                else:
                    each.answer.set_result(answer)

    def _answer_apart(self, group: list[_Waiting], error: Exception) -> None:
        """One post that this program cannot stand takes no other with it; what was stored already is recognised."""
        if len(group) == 1:
            group[0].answer.set_exception(error)
            return
        for each in group:
            self._answer([each])
