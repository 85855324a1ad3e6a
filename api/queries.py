"""What may stand behind a question mark: read strictly, once each, and nothing that is not known.

A misspelt `at` that is ignored would answer about today what was asked about last year; of two, either may be meant.
"""

from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version as version_of
from typing import Annotated

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from api.audience import Outside, Releases, ShownTo
from api.caching import ASK_AGAIN, FOR_EVER, POOLED, RELEASED, VARY, check_unchanged, tag_of
from api.digits import INDEX_MAX
from api.hub import OpenHub, Reads
from api.negotiating import Page
from api.oidc import RETURNED
from ledger.cohort.snapshot import Snapshot
from ledger.errors import ForbiddenError, MalformedError
from ledger.operations.kept_snapshots import KeptSnapshots
from ledger.operations.reading import Moment, last_index, snapshot_at, snapshot_of_board, snapshot_of_cohort
from ledger.reports.shown import Audience
from ledger.store.engine import Engine, reading

_PARTS = (snapshot_at, snapshot_of_board, snapshot_of_cohort)
Taken = Callable[[Engine, Moment], Snapshot]  # how much of a moment is read


class Asked(BaseModel):
    model_config = ConfigDict(frozen=True)


async def ask_as_described(request: Request) -> None:
    """Refuse a parameter that stands twice, one that the description of the route does not name, and the character
    U+0000, which is in nothing that is kept here: PostgreSQL cannot even be asked for it.
    """
    if "\0" in request.scope["path"] or any("\0" in value for value in request.query_params.values()):
        raise MalformedError("the address holds the character U+0000")
    names = [name for name, _ in request.query_params.multi_items()]
    route, method = request.scope["route"], request.method.lower()
    if not names or route.path_format == RETURNED:
        return
    if isinstance(route, Page):
        described = route.parameters()
    else:
        described = request.app.openapi()["paths"].get(route.path_format, {}).get(method, {}).get("parameters", [])
    known = [each["name"] for each in described if each["in"] == "query"]
    if not set(names) <= set(known):
        raise MalformedError(f"there is a parameter too many: this page takes {', '.join(known) or 'none'}")
    if len(names) > len(set(names)):
        raise MalformedError("a parameter stands twice")


_INDEX_SCHEMA = {"type": "integer", "minimum": 0, "maximum": INDEX_MAX}
_DAY_SCHEMA = {"type": "string", "format": "date"}

At = Annotated[
    str | None,
    Field(description="An index of the log, a day, or a time like 2021-11-16T09:30:00.123Z: the database as of then"),
    WithJsonSchema({"anyOf": [_INDEX_SCHEMA, _DAY_SCHEMA]}),
]
On = Annotated[
    str | None,
    Field(description="A day: what is dated later is left out, what carries no date stays"),
    WithJsonSchema(_DAY_SCHEMA),
]


class AskedAt(Asked):
    at: At = None


class AskedWhen(AskedAt):
    on: On = None


def tags_of_moment(request: Request, moment: Moment, *, size: int) -> dict[str, str]:
    """Tag an answer by the size of the log that it is about, by this version's reading of it, and by what the caller
    may see.

    Up to an index the history is what it is for ever; up to a time, it may still grow within that millisecond.
    """
    kept = f"private, {FOR_EVER}" if isinstance(moment.at, int) else ASK_AGAIN
    return {"ETag": _tag(request, size), "Cache-Control": kept, "Vary": VARY}


def tags_of_pooled(request: Request, audience: Audience, *, size: int, known: int) -> dict[str, str]:
    """Tag what is computed from sealed values: an erasure changes it, however long past it is. known: the size of the
    log with all erasures that may count.
    """
    return {"ETag": _tag(request, size, audience.thresholds.partner, known), "Cache-Control": POOLED, "Vary": VARY}


def tags_of_release(request: Request, audience: Audience, *, size: int) -> dict[str, str]:
    """Whoever came with a token or a session has an answer of its own, though it may be what everybody is shown."""
    counted = audience.thresholds
    kept = RELEASED if request.state.identity is None else ASK_AGAIN
    return {"ETag": _tag(request, size, counted.partner, counted.public), "Cache-Control": kept, "Vary": VARY}


def moment_for(audience: Audience, outside: Outside, asked: AskedWhen, *, now: datetime) -> Moment:
    """When is asked about; by outsiders, as of the last release. Raises ForbiddenError where one of these chooses a
    moment: two that follow each other subtract to one patient.
    """
    if not audience.is_outside:
        return Moment.parse(asked.at, asked.on)
    if (asked.at, asked.on) != (None, None):
        raise ForbiddenError("you are shown the last release: only who reads the log chooses a moment")
    return Moment.released(now, outside.cadence)


def _tag(request: Request, size: int, *more: int) -> str:
    return tag_of(request, size, version_of("cohort-ledger"), request.state.caller.shade, *more)


def _reads_of_moment(hub: OpenHub, reads: Reads, audience: ShownTo) -> Engine:
    """Where a moment is read. Outsiders are shown a release whole, as it is where it is written: of a replica that lags
    they would see two of it, and subtract.
    """
    return hub.engine if audience.is_outside else reads


ReadsOfMoment = Annotated[Engine, Depends(_reads_of_moment)]


def _look(
    request: Request,
    hub: OpenHub,
    reads: ReadsOfMoment,
    audience: ShownTo,
    outside: Releases,
    response: Response,
    asked: Annotated[AskedWhen, Query()],
) -> Callable[[Taken], Snapshot]:
    """How a route looks at the database at the moment that is asked about: it says how much of it. Errors: as
    `moment_for`; UnchangedError before anything of the database is read.
    """
    moment = moment_for(audience, outside, asked, now=hub.appender.now())

    def tags(size: int) -> dict[str, str]:
        if audience.is_outside:
            return tags_of_release(request, audience, size=size)
        return tags_of_moment(request, moment, size=size)

    def look(read: Taken) -> Snapshot:
        with reading(reads) as connection:
            size = last_index(connection, moment) + 1
        check_unchanged(request, tags(size))
        kept: KeptSnapshots = request.app.state.snapshots
        whole = kept.at(reads, moment) if getattr(read, "func", read) in _PARTS else None
        found = read(reads, moment) if whole is None else whole  # reports say the same of either
        response.headers.update(tags(found.size))  # by now it may be a larger one
        return found

    return look


Look = Annotated[Callable[[Taken], Snapshot], Depends(_look)]


def _seen(look: Look) -> Snapshot:
    return look(snapshot_at)


def _seen_board(look: Look) -> Snapshot:
    return look(snapshot_of_board)


Seen = Annotated[Snapshot, Depends(_seen)]
SeenBoard = Annotated[Snapshot, Depends(_seen_board)]  # as much of it as says where every cohort stands
