"""One event: what was said, beside the very bytes that were signed, and what came of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from starlette.routing import Match
from starlette.types import Scope

from api.access import opened_for
from api.caching import OPENED
from api.drawing import draw
from api.entries import Entry, Reach, entry_of
from api.hub import OpenHub, Reads
from api.negotiating import SharedPage
from api.queries import AskedWhen
from api.routes.events import Named, find_named
from ledger.cohort.database import Database
from ledger.cohort.memorandum import Memorandum
from ledger.errors import NotFoundError
from ledger.operations.amended import History, history_of
from ledger.operations.changes import changes_of
from ledger.operations.hub import Hub
from ledger.operations.reading import Moment, last_index
from ledger.reports.amendments import Amendment
from ledger.signing import envelope as envelopes
from ledger.signing.canonical import Json
from ledger.signing.encoding import from_base64url, to_base64url
from ledger.signing.envelope import Envelope
from ledger.store.engine import Connection, reading
from ledger.store.entries import StoredEntry, page_back, page_entries
from ledger.store.erased import erased_events
from ledger.store.head import read_head

_FEED = "/events/live"


class _EventPage(SharedPage):
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """The live feed is no event."""
        return (Match.NONE, {}) if scope.get("path") == _FEED else super().matches(scope)


router = APIRouter(tags=["pages"], route_class=_EventPage)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A field whose value is sealed. state: opened, withheld or erased; value: of one that is opened."""

    name: str
    commitment: str
    state: str
    value: Json


@dataclass(frozen=True, slots=True)
class Stream:
    """Where an event stands in its node's stream: indexes of the one before and the one behind it, by the moment."""

    previous: int | None
    following: int | None


@dataclass(frozen=True, slots=True)
class Stands:
    """An event that another stands on."""

    index: int
    type: str


@router.get("/events/{event}")
def show_event(
    request: Request, hub: OpenHub, reads: Reads, event: Named, asked: Annotated[AskedWhen, Query()]
) -> HTMLResponse:
    """Decoded, with all that hangs on it."""
    moment = Moment.parse(asked.at, asked.on)
    with reading(reads) as connection:
        stored = find_named(connection, event)
        size = last_index(connection, moment) + 1
        if stored.index >= size:
            raise NotFoundError("the log had no such event then")
        head = read_head(connection)
        entry = entry_of(stored, Reach.of(head))
        history = history_of(connection, stored, size=size)
        changes = changes_of(connection, stored.index, original=history.original.index)
        stream = _stream(connection, entry, size)
        is_erased = stored.index in erased_events(connection)
    kept = Response()
    values = opened_for(request, [stored.index], kept)
    envelope = envelopes.parse_jws(stored.jws)
    return draw(
        request,
        "event.html",
        counts_days=False,
        headers={"Cache-Control": OPENED} if values else {},
        seen_size=size,
        proven_size=head.published,
        entry=entry,
        claims=envelope.claims,
        prev=None if envelope.claims.prev is None else to_base64url(envelope.claims.prev),
        key=envelope.jws.kid,
        clear=envelopes.clear_of(envelope.claims.data),
        sealed=_sealed(envelope, values, is_erased=is_erased),
        parts=_parts(stored),
        stream=stream,
        changes=changes,
        amends=None if history.original.index == stored.index else history.original.index,
        done=_done(history, stored),
        stands_on=_stands_on(hub, stored.index),
    )


def _sealed(envelope: Envelope, values: Mapping[str, Json], *, is_erased: bool) -> list[Sealed]:
    shut = "erased" if is_erased else "withheld"
    return [
        Sealed(name, digest, "opened" if digest in values else shut, values.get(digest))
        for name, digest in sorted(envelope.commitments.items())
    ]


def _parts(stored: StoredEntry) -> dict[str, str]:
    """The signed text, part by part: as it was received, and what its header and payload decode to, byte for byte."""
    header, payload, signature = stored.jws.split(".")
    return {
        "header": header,
        "payload": payload,
        "signature": signature,
        "header_text": from_base64url(header).decode(),
        "payload_text": from_base64url(payload).decode(),
        "payload_lines": json.dumps(json.loads(from_base64url(payload)), indent=2, ensure_ascii=False),
    }


def _stream(connection: Connection, entry: Entry, size: int) -> Stream:
    earlier = page_back(connection, before=entry.index, limit=1, node=entry.node)
    later = page_entries(connection, after=entry.index, limit=1, node=entry.node)
    following = later[0].index if later and later[0].index < size else None
    return Stream(earlier[0].index if earlier else None, following)


def _done(history: History, stored: StoredEntry) -> list[Amendment]:
    """What was done to this event; of one that is itself a correction or retraction, what it did."""
    if history.original.index == stored.index:
        return list(history.done)
    return [each for each in history.done if each.index == stored.index]


def _stands_on(hub: Hub, index: int) -> list[Stands]:
    def look(_memorandum: Memorandum, database: Database) -> list[Stands]:
        if index >= database.size:
            return []
        return [Stands(each, database.events[each].type) for each in database.events[index].stands_on]

    return hub.appender.look(look)
