"""The log's entries at rest, in order, never changed: a trigger refuses it, and the tree would show it.

Beside its bytes and the digest each has columns that are derived from its JWS, for looking entries up. They are no
second truth: `check_columns` derives them again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, select

from ledger.cohort.database import Registered
from ledger.errors import LedgerError, MalformedError, TamperedError
from ledger.events.catalog import decode
from ledger.events.corrections import EventCorrected, EventRetracted
from ledger.names import When
from ledger.signing.canonical import Json
from ledger.signing.entry import format_time, parse_time
from ledger.signing.envelope import Claims, parse_jws
from ledger.store.bulk import analyze, insert_rows, stream_rows
from ledger.store.tables import entries

_AT_A_TIME = 1000  # rows
_AMENDMENTS = (EventCorrected.TYPE, EventRetracted.TYPE)


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """index: 0-based place in the log. received, jws: as the leaf has them. digest: of the cohort database with this
    entry, D(index + 1), 32 bytes.
    """

    index: int
    received: str
    jws: str
    digest: bytes

    @property
    def leaf(self) -> bytes:
        """What the tree hashes, as it is stored, whether or not that is an entry."""
        return f"{self.received}\n{self.jws}".encode()


class NewEntry(NamedTuple):
    """An entry with what its JWS says; `event` as the replay registered it."""

    stored: StoredEntry
    claims: Claims
    event: Registered


_STORED = select(*(entries.c[name] for name in ("index", "received", "jws", "digest")))
_DERIVED = ("node", "seq", "event_id", "type", "happened_on", "synthetic", "cohort", "case")


def append_entries(conn: Connection, items: Iterable[NewEntry]) -> None:
    """Store entries after the last one, in their order."""
    rows = [
        {
            "index": stored.index,
            "received": stored.received,
            "jws": stored.jws,
            "digest": stored.digest,
            **_derived(claims, happened_on=event.on, synthetic=event.synthetic),
        }
        for stored, claims, event in items
    ]
    insert_rows(conn, entries, rows)


def analyze_entries(conn: Connection) -> None:
    """After many were written, in their transaction."""
    analyze(conn, [entries])


def read_entries(conn: Connection, start: int, stop: int) -> Iterator[StoredEntry]:
    """The entries from index `start` up to and without `stop`, streamed. Raises TamperedError at the first missing."""
    if start >= stop:
        return  # as it is nearly always asked when a post comes
    index = entries.c.index
    expected = start
    for entry in _stream(conn, _STORED.where(index >= start, index < stop).order_by(index)):
        if entry.index != expected:
            break
        yield entry
        expected += 1
    if expected < stop:
        raise TamperedError(f"entry {expected} is missing", index=expected)


def find_entry(conn: Connection, *, index: int | None = None, event_id: str | None = None) -> StoredEntry | None:
    """The entry at an index, or the one with an event id."""
    where = entries.c.event_id == event_id if index is None else entries.c.index == index
    row = conn.execute(_STORED.where(where)).one_or_none()
    return None if row is None else StoredEntry(*row)


def page_entries(
    conn: Connection,
    *,
    after: int,
    limit: int,
    node: str | None = None,
    type: str | None = None,  # noqa: A002 - an event's word for it
    cohort: str | None = None,
    case: str | None = None,
) -> list[StoredEntry]:
    """The first `limit` entries behind the index `after` (-1: from the start) that are of what is named."""
    where = _of(node=node, type=type, cohort=cohort, case=case)
    page = _STORED.where(entries.c.index > after, *where).order_by(entries.c.index).limit(limit)
    return [StoredEntry(*row) for row in conn.execute(page)]


def page_back(conn: Connection, *, before: int, limit: int, start: int = 0, **asked: str | None) -> list[StoredEntry]:
    """The last `limit` entries before the index `before`, none before `start`, newest first. asked: as above."""
    index = entries.c.index
    page = _STORED.where(index < before, index >= start, *_of(**asked)).order_by(index.desc()).limit(limit)
    return [StoredEntry(*row) for row in conn.execute(page)]


def _of(**asked: str | None) -> list[ColumnElement[bool]]:
    return [entries.c[name] == value for name, value in asked.items() if value is not None]


def authors(conn: Connection, start: int, stop: int) -> Iterator[tuple[int, str]]:
    """Index and node of the entries from index `start` up to and without `stop`, streamed."""
    index = entries.c.index
    rows = stream_rows(conn, select(index, entries.c.node).where(index >= start, index < stop).order_by(index))
    return ((place, node) for place, node in rows)


def registered(conn: Connection, size: int, *, start: int = 0) -> list[Registered]:
    """What the register keeps of the first `size` events, from index `start` on; what each stands on is known to a
    replay only.
    """
    names = ("index", "event_id", "node", "type", "received", "happened_on", "synthetic", "case")
    mine = entries.c.index >= start, entries.c.index < size
    rows = conn.execute(select(*(entries.c[name] for name in names)).where(*mine).order_by(entries.c.index))
    try:
        meanings = _meanings(conn, start, size)
        return [
            Registered(
                index=index,
                event_id=event_id,
                node=node,
                type=type_,
                received=parse_time(received),
                on=on,
                synthetic=synthetic == 1,
                case=case,
                meaning=meanings.get(index),
            )
            for index, event_id, node, type_, received, on, synthetic, case in rows
        ]
    except MalformedError:
        raise TamperedError("an entry is stored that is none: run `cohort-ledger doctor`") from None


def _meanings(conn: Connection, start: int, size: int) -> dict[int, str]:
    """Of the corrections and retractions, index -> what the signature means. No column has it: there are few."""
    index = entries.c.index
    amended = select(index, entries.c.jws).where(index >= start, index < size, entries.c.type.in_(_AMENDMENTS))
    return {place: parse_jws(jws).claims.actor.meaning for place, jws in conn.execute(amended)}


def registered_each(conn: Connection, indexes: Iterable[int], *, event_ids: Iterable[str] = ()) -> Iterator[Registered]:
    """The same of these events, in no order; what signatures mean is left out."""
    names = ("index", "event_id", "node", "type", "received", "happened_on", "synthetic", "case")
    columns = select(*(entries.c[name] for name in names))
    asked = ((entries.c.index, sorted(set(indexes))), (entries.c.event_id, sorted(set(event_ids))))
    parts = [column.in_(of[n : n + _AT_A_TIME]) for column, of in asked for n in range(0, len(of), _AT_A_TIME)]
    for part in parts:
        for index, event_id, node, type_, received, on, synthetic, case in conn.execute(columns.where(part)):
            try:
                time = parse_time(received)
            except MalformedError:
                raise TamperedError("a time of receipt is stored that is none: run `cohort-ledger doctor`") from None
            yield Registered(index, event_id, node, type_, time, on, synthetic == 1, case=case)


def last_told(conn: Connection, index: int, day: date) -> int | None:
    """Index of the last entry up to this one that a view on a day has: undated, or past by then. None where none is."""
    columns = select(entries.c.index, entries.c.happened_on).where(entries.c.index <= index)
    rows = stream_rows(conn, columns.order_by(entries.c.index.desc()))
    return next((place for place, on in rows if on is None or When.parse(on).is_past(day)), None)


def nodes_with_case(conn: Connection, case: str) -> list[str]:
    """The nodes that told of a case of this handle, sorted."""
    nodes = select(entries.c.node).where(entries.c.case == case).distinct().order_by(entries.c.node)
    return list(conn.execute(nodes).scalars())


def index_at_time(conn: Connection, time: datetime) -> int:
    """Index of the last entry received at or before a time (aware), -1 where there is none.

    Halves the log again and again: times of receipt never go back, and no index is kept for so rare a question.
    """
    utc = time.astimezone(UTC)
    moment = format_time(utc.replace(microsecond=utc.microsecond // 1000 * 1000))
    received = select(entries.c.received)
    low, high = 0, conn.execute(select(func.coalesce(func.max(entries.c.index) + 1, 0))).scalar_one()
    while low < high:
        middle = (low + high) // 2
        # texts of one shape, in UTC: they sort as the times do
        at_middle = conn.execute(received.where(entries.c.index == middle)).scalar_one_or_none()
        if at_middle is None:
            raise TamperedError(f"entry {middle} is missing", index=middle)
        if at_middle <= moment:
            low = middle + 1
        else:
            high = middle
    return low - 1


def check_columns(conn: Connection, size: int) -> None:
    """Derive again what is derived from each JWS, and count.

    Raises TamperedError, with the index and what differs, and where there are more entries than `size` or fewer.
    """
    index = entries.c.index
    columns = select(index, entries.c.jws, *(entries.c[name] for name in _DERIVED)).order_by(index)
    count = 0
    for place, jws, *stored in stream_rows(conn, columns):
        if place != count:
            raise TamperedError(f"entry {count} is missing", index=count)
        count += 1
        derived = _derive(place, jws)
        for (name, value), found in zip(derived.items(), stored, strict=True):
            if (type(found), found) != (type(value), value):
                raise TamperedError(f"entry {place}: the column {name} is not what its JWS says", index=place)
    if count != size:
        raise TamperedError(f"there are {count} entries where the head counts {size}", expected=size, actual=count)


def _derive(index: int, jws: str) -> dict[str, Json]:
    try:
        claims = parse_jws(jws).claims
        event = decode(claims)
    except LedgerError as error:
        raise TamperedError(f"entry {index}: its JWS cannot be read: {error}", index=index) from None
    when = event.happened_on()
    return _derived(claims, happened_on=when.text if when else None, synthetic=event.synthetic is not None)


def _derived(claims: Claims, *, happened_on: str | None, synthetic: bool) -> dict[str, Json]:
    """The columns of `_DERIVED`, in that order."""
    return {
        "node": claims.node,
        "seq": claims.seq,
        "event_id": claims.event_id,
        "type": claims.type,
        "happened_on": happened_on,
        "synthetic": int(synthetic),
        "cohort": claims.data.get("cohort"),
        "case": claims.data.get("case"),
    }


def _stream(conn: Connection, statement: Select[Any]) -> Iterator[StoredEntry]:
    for row in stream_rows(conn, statement):
        yield StoredEntry(*row)
