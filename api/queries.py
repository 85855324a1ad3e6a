"""What may stand behind a question mark: read strictly, and nothing that is not known.

A misspelt `at` that is ignored would answer about today what was asked about last year.
"""

from importlib.metadata import version as version_of
from typing import Annotated

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from api.caching import ASK_AGAIN, FOR_EVER, tag
from api.hub import OpenHub
from ledger.cohort.snapshot import Snapshot
from ledger.errors import MalformedError
from ledger.operations.reading import Moment, last_index, snapshot_at
from ledger.signing.encoding import from_decimal
from ledger.store.engine import reading

INDEX_MAX = 10**15 - 1


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _number(text: object) -> object:
    """One spelling a number: `int` would take signs, spaces and underscores."""
    if not isinstance(text, str):
        return text
    try:
        return from_decimal(text)
    except MalformedError:
        raise ValueError("a whole number is written in digits alone") from None


IN_DIGITS = BeforeValidator(_number)

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


def tag_moment(hub: OpenHub, request: Request, response: Response, moment: Moment) -> int:
    """Tag an answer by the size of the log that it is about, which is returned, and by this version's reading of it.

    Up to an index the history is what it is for ever; up to a time, it may still grow within that millisecond.
    """
    with reading(hub.engine) as connection:
        size = last_index(connection, moment) + 1
    cache = f"private, {FOR_EVER}" if isinstance(moment.at, int) else ASK_AGAIN
    tag(request, response.headers, etag=_etag(size), cache=cache)
    return size


def _seen(hub: OpenHub, request: Request, response: Response, asked: Annotated[AskedWhen, Query()]) -> Snapshot:
    """The database at the moment that is asked about."""
    moment = Moment.parse(asked.at, asked.on)
    tag_moment(hub, request, response, moment)
    found = snapshot_at(hub.engine, moment)
    response.headers["ETag"] = _etag(found.size)  # an entry may have come in between
    return found


def _etag(size: int) -> str:
    return f'"{size}-{version_of("cohort-ledger")}"'


Seen = Annotated[Snapshot, Depends(_seen)]
