"""The live feed: entries as they are published, as server-sent events (WHATWG HTML, 9.2).

What a reader has been sent is an index, and the next is the one behind it: however many come at once, none is left out
and none comes twice. Where they come from, for all readers alike: see `api.tail`. A reader that is slow holds up nobody
but itself.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT
from starlette.types import Send

from api.caching import VARY
from api.digits import Index
from api.hub import OpenHub
from api.problems import documented
from api.queries import Asked
from api.staying import Guest
from api.tail import Tail
from ledger.errors import NotFoundError
from ledger.store.engine import reading
from ledger.store.head import read_head

router = APIRouter(tags=["events"])

SILENT_S = 15.0  # at most: proxies cut off what says nothing
_HEADERS = {"Cache-Control": "no-cache", "Vary": VARY, "X-Accel-Buffering": "no"}  # the last is for nginx


class EventStream(StreamingResponse):
    media_type = "text/event-stream"  # not the framework's own: that one formats each event for each reader


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


@router.get("/events/live", response_class=EventStream, responses=documented(400, 401, 403, 404))
async def follow_events(request: Request, after: Annotated[int, Depends(_start)]) -> Response:
    """Each entry, once it is published, as an event `entry`: its `id` the index, its `data` as /events has it.

    It goes on until the reader goes, or may no longer see it, or the server ends; a comment every 15 seconds says that
    it is there.
    """
    if request.scope["asked_method"] == "HEAD":
        return EventStream(iter(()), headers=_HEADERS)
    state = request.app.state
    return _Feed(state.tail, state.guests.guest(request), after)


class _Feed(EventStream):
    def __init__(self, tail: Tail, guest: Guest, after: int) -> None:
        super().__init__(self._messages(after), headers=_HEADERS)
        self._tail = tail
        self._guest = guest

    async def stream_response(self, send: Send) -> None:
        with self._tail.listening(self._guest):
            await super().stream_response(send)

    async def _messages(self, after: int) -> AsyncIterator[bytes]:
        while self._tail.shows(self._guest):
            news = self._tail.news  # before looking: what comes from here on sets it
            part = await self._tail.behind(after)
            if not self._tail.shows(self._guest):
                return
            if part.message:
                after = part.last
                yield part.message
            elif not await _comes(news):
                yield KEEPALIVE_COMMENT


async def _comes(news: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(SILENT_S):
            return await news.wait()
    except TimeoutError:
        return False
