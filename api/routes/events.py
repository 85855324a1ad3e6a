"""Events: posted, all of a post or nothing, and read back as they were signed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import version as version_of
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException

from api.access import opened_for
from api.caching import ASK_AGAIN, NOT_MODIFIED, VARY, check_unchanged, tag_of
from api.digits import IN_DIGITS, Index
from api.entries import Entry, Reach, State, entry_of
from api.hub import OpenHub, OpenSequencer, Reads
from api.posts import note_taken, noting
from api.problems import documented, fault_in
from api.queries import Asked
from ledger.errors import MalformedError, NotFoundError
from ledger.names import SLUG_MAX, UUID_V7
from ledger.operations.amended import history_of
from ledger.operations.append import Posted
from ledger.operations.judging import POST_ENVELOPES_MAX
from ledger.operations.publish import receipts
from ledger.reports.amendments import Amendment
from ledger.signing import envelope as envelopes
from ledger.signing.canonical import Json
from ledger.signing.encoding import from_decimal, to_base64url
from ledger.signing.entry import format_time
from ledger.signing.envelope import ENVELOPE_MAX, Actor
from ledger.signing.receipt import Receipt
from ledger.store.cells import changes_at
from ledger.store.engine import Connection, reading
from ledger.store.entries import StoredEntry, find_entry, page_entries
from ledger.store.head import read_head

router = APIRouter(tags=["events"])

PAGE_MAX = 1_000
_SOON_READ = 64 * 1024  # bytes: more would keep others waiting
_INDEX = r"(?:0|[1-9][0-9]{0,14})"


class Post(BaseModel):
    """A post: envelopes with all their disclosures, in order. All of them are taken, or none."""

    model_config = ConfigDict(strict=True, extra="forbid")

    events: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=ENVELOPE_MAX)]],
        Field(min_length=1, max_length=POST_ENVELOPES_MAX),
    ]


class Page(Asked):
    """after: the index behind which the page begins. The others: only events of that kind."""

    after: Index | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX), IN_DIGITS] = 100
    node: Annotated[str | None, Field(max_length=SLUG_MAX)] = None
    type: Annotated[str | None, Field(max_length=100)] = None
    cohort: Annotated[str | None, Field(max_length=SLUG_MAX)] = None
    case: Annotated[str | None, Field(max_length=36)] = None


@dataclass(frozen=True, slots=True)
class Taken:
    """Where an envelope stands. received: the hub's clock, RFC 3339, part of the leaf that the receipt is about, which
    is a C2SP tlog-proof.
    """

    index: int
    received: str
    event_id: str
    node: str
    seq: int
    state: State
    receipt: str


@dataclass(frozen=True, slots=True)
class Receipts:
    events: list[Taken]


@dataclass(frozen=True, slots=True)
class Entries:
    events: list[Entry]


@dataclass(frozen=True, slots=True)
class Cell:
    table: str
    key: list[str]
    field: str
    value: Any


@dataclass(frozen=True, slots=True)
class Event:
    """An entry, decoded. data: its clear fields. sealed: the commitment of each sealed one; opened: the values of those
    that the caller may see and that were not erased. cells: those that it set, a sealed one with its commitment.
    issued_at: seconds since the epoch, by the node's clock. amends: index of the event that it corrects or retracts.
    amendments: what was done to it, or to that one, in order.
    """

    entry: Entry
    version: int
    issued_at: int
    prev: str | None
    actor: Actor
    key: str
    data: dict[str, Any]
    sealed: dict[str, str]
    opened: dict[str, Any]
    cells: list[Cell]
    amends: int | None
    amendments: list[Amendment]


async def _read_body(request: Request) -> bytes:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a post is sent as application/json")
    return await request.body()


Body = Annotated[bytes, Depends(_read_body)]
Named = Annotated[str, Path(pattern=f"^(?:{_INDEX}|{UUID_V7.pattern})$", examples=["0"])]


@router.post(
    "/events",
    status_code=201,
    responses={
        200: {"model": Receipts, "description": "All of it was there before: the first receipts"},
        **documented(400, 403, 409, 413, 415, 422, 503),
    },
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": Post.model_json_schema()}}}
    },
)
async def post_events(request: Request, sequencer: OpenSequencer, body: Body, response: Response) -> Receipts:
    """Append events. 409 and 422 by a rule carry the hub's signed `refusal`, and nothing is stored then."""
    post = _read_post(body) if len(body) <= _SOON_READ else await run_in_threadpool(_read_post, body)
    with noting(request, post):
        posted = await sequencer.post(post)
    if not any(place.is_new for place, _ in posted):
        response.status_code = HTTPStatus.OK
    reach = Reach(published=max(place.index for place, _ in posted) + 1, witnessed=sequencer.witnessed)
    taken = [_taken(place, receipt, reach) for place, receipt in posted]
    note_taken(request, [place for place, _ in posted], [each.node for each in taken])
    return Receipts(taken)


@router.get("/events", responses={**NOT_MODIFIED, **documented(400, 401, 403, 404)})
def list_events(request: Request, reads: Reads, response: Response, page: Annotated[Page, Query()]) -> Entries:
    """Entries in the log's order; the Link header names the next page where there may be one. Who asks again what comes
    behind an entry, and brings the tag of the last answer, is told cheaply that there is nothing new.
    """
    asked = page.model_dump(exclude={"after", "limit"}, exclude_none=True)
    with reading(reads) as connection:
        head = read_head(connection)
        reach = Reach.of(head)
        tag = tag_of(request, head.size, *reach, version_of("cohort-ledger"))
        headers = {"ETag": tag, "Cache-Control": ASK_AGAIN, "Vary": VARY}
        check_unchanged(request, headers)
        after = -1 if page.after is None else page.after
        found = page_entries(connection, after=after, limit=page.limit, **asked)
    response.headers.update(headers)
    if len(found) == page.limit:
        query = urlencode({"after": found[-1].index, "limit": page.limit, **asked})
        response.headers["Link"] = f'</events?{query}>; rel="next"'
    return Entries([entry_of(stored, reach) for stored in found])


@router.get("/events/{event}", responses=documented(400, 401, 403, 404))
def read_event(request: Request, reads: Reads, response: Response, event: Named) -> Event:
    """One event, by its index or its id, decoded beside its bytes, with the cells that it set."""
    with reading(reads) as connection:
        stored = find_named(connection, event)
        head = read_head(connection)
        reach, history = Reach.of(head), history_of(connection, stored, size=head.size)
        cells = [
            Cell(version.table, list(version.key), field, value)
            for version in changes_at(connection, stored.index)
            for field, (by, value) in version.fields.items()
            if by == stored.index
        ]
    values = opened_for(request, [stored.index], response)
    envelope = envelopes.parse_jws(stored.jws)
    claims = envelope.claims
    return Event(
        entry=entry_of(stored, reach),
        version=claims.version,
        issued_at=claims.issued_at,
        prev=None if claims.prev is None else to_base64url(claims.prev),
        actor=claims.actor,
        key=envelope.jws.kid,
        data=envelopes.clear_of(claims.data),
        sealed=dict(envelope.commitments),
        opened={name: values[digest] for name, digest in envelope.commitments.items() if digest in values},
        cells=cells,
        amends=None if history.original.index == stored.index else history.original.index,
        amendments=list(history.done),
    )


@router.get("/events/{event}/receipt", response_class=PlainTextResponse, responses=documented(400, 401, 403, 404))
def read_receipt(hub: OpenHub, reads: Reads, event: Named) -> PlainTextResponse:
    """Proof, to be kept, that the log holds the event: a C2SP tlog-proof."""
    with reading(reads) as connection:
        stored = find_named(connection, event)
    (receipt,) = receipts(reads, hub.memorandum, [stored.index])
    return PlainTextResponse(receipt.encode())


def _read_post(body: bytes) -> list[str]:
    try:
        content = json.loads(body.decode(), object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):  # of ValueError: what is no JSON, and what is no UTF-8
        raise MalformedError("the body is not JSON that can be read") from None
    try:
        return Post.model_validate(content).events
    except ValidationError as error:
        raise fault_in(error.errors(include_input=False, include_url=False)) from None


def _without_doubles(pairs: Sequence[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise MalformedError("a member stands twice in the body")
    return members


def find_named(connection: Connection, event: str) -> StoredEntry:
    """event: an index or an event id, of their grammar."""
    stored = (
        find_entry(connection, event_id=event) if "-" in event else find_entry(connection, index=from_decimal(event))
    )
    if stored is None:
        raise NotFoundError("the log has no such event")
    return stored


def _taken(place: Posted, receipt: Receipt, reach: Reach) -> Taken:
    return Taken(
        place.index,
        format_time(place.received),
        place.event_id,
        place.node,
        place.seq,
        reach.state_of(place.index),
        receipt.encode().decode(),
    )
