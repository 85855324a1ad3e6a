"""One row of the shared cohort database, cell by cell: the value, who set it, and what it was before."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query, Request, Response

from api.caching import NOT_MODIFIED, check_unchanged
from api.hub import Reads
from api.problems import documented
from api.queries import AskedAt, tags_of_moment
from ledger.cohort.cells import Version
from ledger.cohort.rows import TABLES, columns_of
from ledger.errors import NotFoundError
from ledger.operations.reading import Moment, last_index
from ledger.reports.amendments import is_amendment
from ledger.signing import envelope as envelopes
from ledger.signing.envelope import Actor
from ledger.store.cells import row_history
from ledger.store.engine import Connection, reading
from ledger.store.entries import find_entry

router = APIRouter(tags=["cells"])


@dataclass(frozen=True, slots=True)
class Setter:
    """The event that set a value, or took one away. received: the hub's clock, RFC 3339. synthetic: it is made up, and
    says so. corrects: of a correction or retraction, the id of what it is about, and reason_code why.
    """

    index: int
    event_id: str
    node: str
    type: str
    received: str
    actor: Actor
    synthetic: bool
    corrects: str | None
    reason_code: str | None


@dataclass(frozen=True, slots=True)
class Before:
    """A value that stood until the entry `until` was taken, which is `ended_by`. A value that no event set any more is
    null, as is its setter.
    """

    value: Any
    set_by: Setter | None
    until: int
    ended_by: Setter


@dataclass(frozen=True, slots=True)
class CellValue:
    """sealed: the values are commitments. set_by: null where no standing event sets the field any more: what retracted
    the last is then the last one's `ended_by`. before: oldest first.
    """

    sealed: bool
    value: Any
    set_by: Setter | None
    before: list[Before]


@dataclass(frozen=True, slots=True)
class RowCells:
    """synthetic: a made-up event is behind a value that stands."""

    table: str
    key: list[str]
    fields: dict[str, CellValue]
    synthetic: bool


@router.get("/cells/{table}/{key:path}", responses={**NOT_MODIFIED, **documented(400, 401, 403, 404)})
def read_cells(
    request: Request, reads: Reads, response: Response, table: str, key: str, asked: Annotated[AskedAt, Query()]
) -> RowCells:
    """Each field's value, the event that set it, and what it was before. key: its parts, joined by slashes."""
    parts = tuple(key.split("/"))
    if table not in TABLES or len(parts) != len(TABLES[table].KEY):
        raise NotFoundError("there is no such table, or its keys have another number of parts")
    moment = Moment.parse(asked.at, None)
    with reading(reads) as connection:
        size = last_index(connection, moment) + 1
        tags = tags_of_moment(request, moment, size=size)
        check_unchanged(request, tags)
        history = [version for version in row_history(connection, table, parts) if version.since < size]
        if not any(version.fields for version in history):
            raise NotFoundError("the table has no such row")
        setters = _setters(connection, history)
    response.headers.update(tags)
    fields = {
        name: _cell(values, setters, sealed=column.sealed)
        for name, column in columns_of(table).items()
        if (values := _values(history, name))
    }
    made_up = any(each.set_by is not None and each.set_by.synthetic for each in fields.values())
    return RowCells(table, list(parts), fields, made_up)


class _Value(NamedTuple):
    """since: the entry that brought it. by: the event that set it, None where it went and none was left."""

    since: int
    by: int | None
    value: Any


def _values(history: list[Version], field: str) -> list[_Value]:
    """What a field has held, oldest first; nothing where no event ever set it."""
    values: list[_Value] = []
    for version in history:
        by, value = version.fields.get(field, (None, None))
        if by != (values[-1].by if values else None):
            values.append(_Value(version.since, by, value))
    return values


def _cell(values: list[_Value], setters: Mapping[int | None, Setter], *, sealed: bool) -> CellValue:
    before = [
        Before(each.value, setters.get(each.by), until=following.since, ended_by=setters[following.since])
        for each, following in pairwise(values)
    ]
    return CellValue(sealed, values[-1].value, setters.get(values[-1].by), before)


def _setters(connection: Connection, history: list[Version]) -> dict[int | None, Setter]:
    indexes = {by for version in history for by, _ in version.fields.values()} | {each.since for each in history}
    setters: dict[int | None, Setter] = {}
    for index in indexes:
        stored = find_entry(connection, index=index)
        assert stored is not None
        claims = envelopes.parse_jws(stored.jws).claims
        target = claims.data.get("event") if is_amendment(claims.type) else None
        setters[index] = Setter(
            index=index,
            event_id=claims.event_id,
            node=claims.node,
            type=claims.type,
            received=stored.received,
            actor=claims.actor,
            synthetic=claims.data.get("synthetic") is True,
            corrects=None if target is None else str(target),
            reason_code=None if target is None else str(claims.data["reason_code"]),
        )
    return setters
