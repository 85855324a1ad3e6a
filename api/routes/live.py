"""The live feed: entries as they are published, as server-sent events (WHATWG HTML, 9.2).

A feed is told by the hub when something may be new, and reads what that is from the store, so it sees what other
processes append too, a moment later. What it has sent is an index, and the next is the one behind it: however many
come at once, none is left out and none comes twice. A reader that is slow holds up nobody but itself.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import Field, TypeAdapter

from api.access import still_admitted
from api.hub import OpenHub
from api.problems import documented
from api.queries import IN_DIGITS, INDEX_MAX, Asked
from api.routes.events import Entry, Reach, entry_of
from ledger.errors import NotFoundError
from ledger.operations.hub import Hub
from ledger.store.engine import reading
from ledger.store.entries import page_entries
from ledger.store.head import read_head

router = APIRouter(tags=["events"])

LOOK_EVERY_S = 2.0  # for what another process has appended
_AT_A_TIME = 100  # entries in memory for each feed

_JSON: TypeAdapter[Entry] = TypeAdapter(Entry)

Index = Annotated[int, Field(ge=0, le=INDEX_MAX), IN_DIGITS]


class Behind(Asked):
    """after: the index behind which the feed begins. The header Last-Event-ID, as browsers send it, counts before it;
    without either it begins at the present end.
    """

    after: Index | None = None


def _start(
    hub: OpenHub, asked: Annotated[Behind, Query()], last_event_id: Annotated[Index | None, Header()] = None
) -> int:
    """The index behind which to begin. Raises NotFoundError for one that is not published: it was another log's."""
    with reading(hub.engine) as connection:
        published = read_head(connection).published
    after = asked.after if last_event_id is None else last_event_id
    if after is None:
        return published - 1
    if after >= published:
        raise NotFoundError(f"the log has no entry {after}: {published} are published, from 0 on")
    return after


@router.get("/events/live", response_class=EventSourceResponse, responses=documented(400, 401, 403, 404))
async def follow_events(
    request: Request, hub: OpenHub, after: Annotated[int, Depends(_start)]
) -> AsyncIterator[ServerSentEvent]:
    """Each entry, once it is published, as an event `entry`: its `id` the index, its `data` as /events has it.

    It goes on until the reader goes, or may no longer see it, or the server ends; a comment every 15 seconds says that
    it is there.
    """
    if request.scope["asked_method"] == "HEAD":
        return
    loop, news = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        with suppress(RuntimeError):  # the loop has ended, and this feed with it
            loop.call_soon_threadsafe(news.set)

    with hub.listeners.listening(wake):
        while not hub.listeners.closed:
            news.clear()  # before looking: what is published from here on wakes it again
            if not await run_in_threadpool(still_admitted, request):
                return
            entries = await run_in_threadpool(_published_behind, hub, after)
            for entry in entries:
                after = entry.index
                data = _JSON.dump_json(entry).decode()
                yield ServerSentEvent(id=str(entry.index), event="entry", raw_data=data)
                if hub.listeners.closed:
                    return
            if not entries:
                await _wait(news)


async def _wait(news: asyncio.Event) -> None:
    with suppress(TimeoutError):  # time to look, whoever has told
        async with asyncio.timeout(LOOK_EVERY_S):
            await news.wait()


def _published_behind(hub: Hub, after: int) -> list[Entry]:
    with reading(hub.engine) as connection:
        reach = Reach.of(read_head(connection))
        found = page_entries(connection, after=after, limit=_AT_A_TIME)
    return [entry_of(stored, reach) for stored in found if stored.index < reach.published]
