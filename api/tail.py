"""The log's end as every reader of the live feed is told of it: looked at once for all of them, and serialised once.

The hub says when something may be new, and every two seconds it is looked what other processes have appended. The last
entries that were published are kept as the bytes that go out; a reader takes what comes behind the index that it has,
and one that is further behind than that reads pages from the store, until it is there. Nothing waits for a reader.

An entry is shown to nobody before it was asked who may still see any: a reader who was told by entry i that it may not
sees no later one.
"""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import NamedTuple

from fastapi.concurrency import run_in_threadpool
from fastapi.sse import format_sse_event
from pydantic import TypeAdapter

from api.entries import Entry, Reach, entry_of
from api.staying import Guest, Guests
from ledger.errors import SetupError, UnavailableError
from ledger.operations.hub import Hub
from ledger.store.engine import Connection, reading
from ledger.store.entries import page_entries
from ledger.store.head import read_head

LOOK_EVERY_S = 2.0  # for what another process has appended
KEPT_MAX, KEPT_BYTES_MAX = 1_000, 8 * 1024 * 1024  # messages, and what they have together
_AT_A_TIME = 100  # entries that are read at once
_PART_MAX = 256 * 1024  # bytes that one reader is handed at once, or one message: what a slow one holds up
_PAGES_AT_ONCE = 4  # that all who are behind may read: posts need threads too

_JSON: TypeAdapter[Entry] = TypeAdapter(Entry)


class _Kept(NamedTuple):
    entry: Entry
    message: bytes


class Part(NamedTuple):
    """What is next for one reader. last: index of the last entry in it, or what the reader had where it is empty."""

    message: bytes
    last: int


class _Seen(NamedTuple):
    """What one look found. start: index of the first of the entries, where there are any."""

    reach: Reach
    start: int
    entries: list[Entry]
    gone: frozenset[Guest]


class Tail:
    """One of an app, used in its event loop alone. It looks for as long as somebody listens."""

    def __init__(self, hub: Hub, guests: Guests) -> None:
        self._hub = hub
        self._guests = guests
        self._present: set[Guest] = set()
        self._task: asyncio.Task[None] | None = None
        self._forget()

    def _forget(self) -> None:
        """As before the first look."""
        self._kept: list[_Kept] = []
        self._size = 0  # bytes of their messages
        self._end: int | None = None  # index behind the last entry that was looked at
        self._reach = Reach(0, 0)
        self._news = asyncio.Event()
        self._pages = asyncio.Semaphore(_PAGES_AT_ONCE)

    @contextmanager
    def listening(self, guest: Guest) -> Iterator[None]:
        """Let somebody be told, from now to the end of the block."""
        if self._task is None:
            self._forget()
            self._task = asyncio.create_task(self._follow())
            self._task.add_done_callback(self._ended)
        self._present.add(guest)
        try:
            yield
        finally:
            self._present.discard(guest)
            if not self._present and self._task is not None:
                self._task.cancel()
                self._task = None

    def shows(self, guest: Guest) -> bool:
        """Whether somebody who listens is to be told more: it may see it, and the hub goes on."""
        return guest in self._present and self._task is not None and not self._hub.listeners.closed

    @property
    def news(self) -> asyncio.Event:
        """Set when there is something behind all that there was when this was asked for, or nothing more will come."""
        return self._news

    async def behind(self, after: int) -> Part:
        """What is published behind an index, as far as it was looked at: some of it, or nothing."""
        start = after + 1
        if self._end is None or start >= self._end:
            return Part(b"", after)
        first = self._end - len(self._kept)
        if start >= first:
            at = start - first
            messages = [each.message for each in self._kept[at : at + _AT_A_TIME]]
        else:
            async with self._pages:
                messages = await run_in_threadpool(self._page, after, self._end)
        return _part(messages, after)

    # ------------------------------------------------------------------ looking

    async def _follow(self) -> None:
        loop, told = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop has ended, and this with it
                loop.call_soon_threadsafe(told.set)

        with self._hub.listeners.listening(wake):
            while not self._hub.listeners.closed:
                told.clear()  # before looking: what is published from here on wakes it again
                try:
                    seen = await run_in_threadpool(self._look, self._end, frozenset(self._present))
                except (UnavailableError, SetupError):  # a password is changed, say: its operator mends it
                    seen = None  # nothing is lost: it is there at the next look
                if seen is not None:
                    self._take(seen)
                    if self._end is not None and self._end < seen.reach.published:
                        continue
                with suppress(TimeoutError):  # time to look, whoever has told
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await told.wait()

    def _look(self, end: int | None, present: frozenset[Guest]) -> _Seen:
        with reading(self._hub.engine) as connection:
            reach = Reach.of(read_head(connection))
            start = reach.published if end is None else max(end, reach.published - KEPT_MAX)
            entries = _read(connection, start - 1, reach) if start < reach.published else []
        # after that: an entry that ends an admission is known of before it, or any behind it, is shown
        return _Seen(reach, start, entries, self._guests.gone(present))

    def _take(self, seen: _Seen) -> None:
        self._present -= seen.gone
        self._mark(seen.reach)
        is_first = self._end is None
        if self._end != seen.start:  # the first look, or more came than is kept: readers find that in the store
            self._kept.clear()
            self._size = 0
        new = [_Kept(entry, _message(entry)) for entry in seen.entries]
        self._kept += new
        self._end = max(seen.start + len(new), self._end or 0)
        self._size += sum(len(each.message) for each in new)
        self._drop()
        if new or seen.gone or is_first:
            self._tell()

    def _mark(self, reach: Reach) -> None:
        """Say of what is kept that it was witnessed meanwhile."""
        if reach.witnessed == self._reach.witnessed:
            return
        self._reach = reach
        for at, (entry, message) in enumerate(self._kept):
            state = reach.state_of(entry.index)
            if state != entry.state:
                marked = _Kept(replace(entry, state=state), _message(replace(entry, state=state)))
                self._kept[at] = marked
                self._size += len(marked.message) - len(message)

    def _drop(self) -> None:
        """Keep no more than may be kept."""
        surplus = max(0, len(self._kept) - KEPT_MAX)
        size = self._size - sum(len(each.message) for each in self._kept[:surplus])
        while size > KEPT_BYTES_MAX:
            size -= len(self._kept[surplus].message)
            surplus += 1
        del self._kept[:surplus]
        self._size = size

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Nothing more will come: who listens is let go, and may come again. An error goes to the operator's log."""
        if task is self._task:
            self._task = None
            self._tell()
        if not task.cancelled() and (error := task.exception()) is not None:
            task.get_loop().call_exception_handler({"message": "the live feed ended", "exception": error})

    def _page(self, after: int, end: int) -> list[bytes]:
        with reading(self._hub.engine) as connection:
            entries = _read(connection, after, Reach.of(read_head(connection)))
        return [_message(entry) for entry in entries if entry.index < end]


def _read(connection: Connection, after: int, reach: Reach) -> list[Entry]:
    """Some of what is published behind an index."""
    limit = min(_AT_A_TIME, reach.published - 1 - after)
    found = page_entries(connection, after=after, limit=limit) if limit > 0 else []
    return [entry_of(stored, reach) for stored in found]


def _message(entry: Entry) -> bytes:
    return format_sse_event(id=str(entry.index), event="entry", data_str=_JSON.dump_json(entry).decode())


def _part(messages: Iterable[bytes], after: int) -> Part:
    """As many of these, which are of the entries behind `after`, as one reader is handed at once."""
    parts, size = list[bytes](), 0
    for message in messages:
        size += len(message)
        if parts and size > _PART_MAX:
            break
        parts.append(message)
    return Part(b"".join(parts), after + len(parts))
