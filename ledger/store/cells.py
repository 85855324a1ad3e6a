"""The cohort database at rest: each version of each row, from the entry that made it to the one that ended it.

A version is written once and ended once. Read back in the order of entries, they are what the digest chain was made
from: `all_changes` covers every column, so that a chain recomputed from it finds whatever was altered.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    Update,
    and_,
    bindparam,
    collate,
    or_,
    select,
)
from sqlalchemy import Text as AnyText

from ledger.cohort.cells import RowKey, Version
from ledger.cohort.columns import Column, Kind, Tier
from ledger.cohort.rows import TABLES, Correction, Episode, columns_of
from ledger.errors import MalformedError, TamperedError
from ledger.signing.canonical import INTEGER_MAX, Json, dump, dump_known, load
from ledger.store.bulk import analyze, insert_rows, run_each, stream_rows
from ledger.store.postgresql import unnested
from ledger.store.tables import cohort_tables

_AT_A_TIME = 500  # values in a statement


class Stored(NamedTuple):
    """A version with the index of the entry that ended it, None while it is open."""

    version: Version
    until: int | None


def write_versions(conn: Connection, versions: Iterable[Version]) -> None:
    """Store versions, in the order in which entries made them; each ends the one before it of the same row."""
    ending: dict[str, list[dict[str, Any]]] = defaultdict(list)
    made: dict[str, list[dict[str, Any]]] = defaultdict(list)
    newest: dict[tuple[str, RowKey], dict[str, Any]] = {}
    for version in versions:
        before = newest.get((version.table, version.key))
        if before is None:
            ending[version.table].append(_ending(version))
        else:
            before["until"] = version.since
        newest[version.table, version.key] = columns = _columns(version)
        if version.fields:
            made[version.table].append(columns)
    for table, ends in ending.items():
        _end_each(conn, table, ends)
    for table, rows in made.items():
        insert_rows(conn, cohort_tables[table], rows)


def clear_versions(conn: Connection) -> None:
    """Empty the cohort tables, to be written anew in the same transaction."""
    for table in cohort_tables.values():
        conn.execute(table.delete())


def analyze_versions(conn: Connection) -> None:
    """After many were written, in their transaction."""
    analyze(conn, cohort_tables.values())


def read_versions(
    conn: Connection, *, at: int | None = None, tables: Iterable[str] = tuple(TABLES), cohort: str | None = None
) -> Iterator[Version]:
    """The versions that stood when the entry at an index had been taken; None: those that stand now.

    cohort: only those of a cohort, from tables whose rows are of one.
    """
    for name in tables:
        columns = cohort_tables[name].c
        stood = _stood(name, at)
        mine = stood if cohort is None or "cohort" not in TABLES[name].KEY else and_(stood, columns.cohort == cohort)
        for stored in _read(conn, name, select(cohort_tables[name]).where(mine)):
            yield stored.version


def read_changed(conn: Connection, table: str, *, old: int, new: int) -> Iterator[tuple[bool, Version]]:
    """The versions of a table that stood after the entry at index `old` (-1: before the first) or after that at `new`,
    and not after both; each with whether it is of the later moment. old: not above `new`.

    A version is written once and ended once, so this is all that the two moments differ by. Costs a pass over what has
    ended, without its values.
    """
    columns = cohort_tables[table].c
    ended = and_(columns.since <= old, columns.until > old, columns.until <= new)
    made = and_(columns.since > old, columns.since <= new, or_(columns.until.is_(None), columns.until > new))
    for stored in _read(conn, table, select(cohort_tables[table]).where(or_(ended, made))):
        yield stored.version.since > old, stored.version


def read_episodes_elsewhere(conn: Connection, cohort: str, *, at: int | None) -> Iterator[Version]:
    """The episodes that cases of a cohort had in other cohorts, as they stood after the entry at an index."""
    elsewhere, here = cohort_tables[Episode.TABLE], cohort_tables[Episode.TABLE].alias("here")
    shared = here.c.cohort == cohort, here.c.node == elsewhere.c.node, here.c.case == elsewhere.c.case
    mine = _stood(Episode.TABLE, at), elsewhere.c.cohort != cohort, select(here.c.event).where(*shared).exists()
    for stored in _read(conn, Episode.TABLE, select(elsewhere).where(*mine)):
        yield stored.version


def read_versions_of_case(conn: Connection, node: str, case: str, *, at: int | None) -> Iterator[Version]:
    """The rows of a case, in all tables that have any, as they stood after the entry at an index."""
    for name, row_type in TABLES.items():
        if {"node", "case"}.issubset(row_type.KEY):
            columns = cohort_tables[name].c
            mine = _stood(name, at), columns.node == node, columns.case == case
            for stored in _read(conn, name, select(cohort_tables[name]).where(*mine)):
                yield stored.version


def read_corrections_by(conn: Connection, events: Iterable[int], *, at: int | None) -> Iterator[Version]:
    """The rows of those corrections and retractions that are among these events, by index. at: as above."""
    name, indexes = Correction.TABLE, sorted(set(events))
    for start in range(0, len(indexes), _AT_A_TIME):
        made_by = cohort_tables[name].c.since.in_(indexes[start : start + _AT_A_TIME])  # nothing changes them later
        for stored in _read(conn, name, select(cohort_tables[name]).where(_stood(name, at), made_by)):
            yield stored.version


def _stood(table: str, at: int | None) -> ColumnElement[bool]:
    columns = cohort_tables[table].c
    is_open = columns.until.is_(None)
    return is_open if at is None else and_(columns.since <= at, or_(is_open, columns.until > at))


def changes_at(conn: Connection, index: int) -> Iterator[Version]:
    """The versions that one entry made."""
    for name, table in cohort_tables.items():
        for stored in _read(conn, name, select(table).where(table.c.since == index)):
            yield stored.version


def read_since(conn: Connection, table: str, start: int) -> Iterator[Version]:
    """The versions of a table's rows that the entries from index `start` on made, whether they stand or not."""
    for stored in _read(conn, table, select(cohort_tables[table]).where(cohort_tables[table].c.since >= start)):
        yield stored.version


def amending(conn: Connection, event_id: str) -> list[str]:
    """Ids of the corrections of an event, and of its retraction."""
    columns = cohort_tables[Correction.TABLE].c
    return list(conn.execute(select(columns.event).where(columns.target == event_id).distinct()).scalars())


def amended_among(conn: Connection, event_ids: Iterable[str], *, size: int) -> dict[str, dict[int, str]]:
    """Event id -> index and kind of each of its corrections, and of its retraction, among the first `size` entries."""
    columns, asked = cohort_tables[Correction.TABLE].c, sorted(set(event_ids))
    found: dict[str, dict[int, str]] = {}
    for start in range(0, len(asked), _AT_A_TIME):
        mine = columns.target.in_(asked[start : start + _AT_A_TIME]), columns.since < size
        for target, since, kind in conn.execute(select(columns.target, columns.since, columns.kind).where(*mine)):
            found.setdefault(target, {})[since] = kind
    return {target: dict(sorted(done.items())) for target, done in found.items()}


def sealed_tiers(conn: Connection, start: int, stop: int) -> dict[str, Tier]:
    """Commitment -> tier of the column that holds it, for what the entries from `start` up to `stop` set."""
    tiers: dict[str, Tier] = {}
    for name, table in cohort_tables.items():
        columns = [column for column in columns_of(name).values() if column.sealed]
        made = select(*(table.c[column.name] for column in columns)).where(table.c.since >= start, table.c.since < stop)
        for values in conn.execute(made) if columns else ():
            tiers |= {value: column.tier for column, value in zip(columns, values, strict=True) if value is not None}
    return tiers


def row_history(conn: Connection, table: str, key: RowKey) -> list[Version]:
    """All versions of a row, oldest first; one without fields where it ended and none followed at once."""
    columns = cohort_tables[table].c
    mine = [columns[part] == value for part, value in zip(TABLES[table].KEY, key, strict=True)]
    history: list[Version] = []
    ended: int | None = None
    for version, until in _read(conn, table, select(cohort_tables[table]).where(*mine).order_by(columns.since)):
        if ended is not None and ended != version.since:
            history.append(Version(table, key, ended, {}))
        history.append(version)
        ended = until
    return history if ended is None else [*history, Version(table, key, ended, {})]


def all_changes(conn: Connection, size: int) -> Iterator[tuple[int, list[Version]]]:
    """For each of the first `size` entries the versions that it made, as the stored rows tell it.

    Raises TamperedError, which names table and key, where a row cannot be what was written: two versions at one time,
    a value that is not of its column's kind, a field set by no event or an event's field not there, an index that no
    entry has. What remains possible and is not true, the digest chain tells.
    """
    stored = heapq.merge(*(_in_order(conn, name) for name in TABLES), key=lambda each: each.version.since)
    upcoming = next(stored, None)
    standing: set[tuple[str, RowKey]] = set()
    ending: dict[int, set[tuple[str, RowKey]]] = defaultdict(set)
    for index in range(size):
        made: list[Version] = []
        ended = ending.pop(index, set())
        standing -= ended
        while upcoming is not None and upcoming.version.since <= index:
            version, until = upcoming
            row = version.table, version.key
            if version.since < index or row in standing:
                raise _tampered(version.table, version.key, f"its version of {version.since} overlaps another")
            standing.add(row)
            ended.discard(row)
            if until is not None:
                ending[until].add(row)
            made.append(version)
            upcoming = next(stored, None)
        yield index, [*made, *(Version(table, key, index, {}) for table, key in ended)]
    if upcoming is not None:
        raise _tampered(upcoming.version.table, upcoming.version.key, "it has a version that no entry made")
    for rows in ending.values():
        for table, key in rows:
            raise _tampered(table, key, "it has a version that no entry ended")


def _in_order(conn: Connection, name: str) -> Iterator[Stored]:
    table = cohort_tables[name]
    return _read(conn, name, select(table).order_by(table.c.since))


def _read(conn: Connection, name: str, statement: Select[Any]) -> Iterator[Stored]:
    for row in stream_rows(conn, statement):
        yield _stored(name, row)


def _stored(name: str, row: Row[Any]) -> Stored:
    """Read a row back. Raises TamperedError for what `_columns` would not have written."""
    parts = len(TABLES[name].KEY)
    key: RowKey = tuple(row[:parts])
    *values, since, until, set_by = row[parts:]
    try:
        for part in key:
            _load_text(part)
        _check_span(since, until)
        fields = _fields(columns_of(name), values, _setters(set_by, since))
    except MalformedError as error:
        raise _tampered(name, key, str(error)) from None
    return Stored(Version(name, key, since, fields), until)


def _check_span(since: object, until: object) -> None:
    begun = _load_integer(since)
    if begun < 0 or (until is not None and _load_integer(until) <= begun):
        raise MalformedError("a version begins at an index, and ends behind it")


def _fields(
    columns: Mapping[str, Column], values: Iterable[object], setters: Mapping[str, int]
) -> dict[str, tuple[int, Json]]:
    fields: dict[str, tuple[int, Json]] = {}
    for (name, column), value in zip(columns.items(), values, strict=True):
        by = setters.get(name)
        if by is not None:
            try:
                fields[name] = by, None if value is None else _LOADERS[column.kind](value)
            except MalformedError:
                raise MalformedError(f"the column {name} holds no {column.kind}") from None
        elif value is not None:
            raise MalformedError(f"the column {name} has a value that no event set")
    if len(fields) != len(setters):
        raise MalformedError("an event set a field that is none of the table's")
    return fields


def _setters(set_by: object, since: int) -> Mapping[str, int]:
    setters = _load_json(set_by)
    if not isinstance(setters, dict) or not setters:
        raise MalformedError("it does not say which events set its fields")
    return {name: _load_setter(by, since) for name, by in setters.items()}


def _load_setter(by: object, since: int) -> int:
    index = _load_integer(by)
    if not 0 <= index <= since:
        raise MalformedError("a field is set by an event that came later")
    return index


def _columns(version: Version) -> dict[str, Any]:
    kinds = columns_of(version.table)
    return {
        **dict(zip(TABLES[version.table].KEY, version.key, strict=True)),
        **dict.fromkeys(kinds),
        **{name: _store(kinds[name], value) for name, (_, value) in version.fields.items()},
        "since": version.since,
        "until": None,
        "set_by": dump_known({name: by for name, (by, _) in version.fields.items()}).decode(),
    }


def _ending(version: Version) -> dict[str, Any]:
    """The parameters of `_end`: a name of their own, for a column's is the value that it is set to."""
    key = zip(TABLES[version.table].KEY, version.key, strict=True)
    return {"ended": version.since, **{f"key_{part}": value for part, value in key}}


def _end_each(conn: Connection, name: str, ends: Sequence[dict[str, Any]]) -> None:
    """A row that is new ends none: most of them do not find one."""
    if conn.dialect.name == "postgresql":
        together = {column: [each[column] for each in ends] for column in ends[0]}
        conn.execute(_end_together(name), together)
    else:
        run_each(conn, _end(name), ends)


@cache
def _end_together(name: str) -> Update:
    """The same of many rows in one statement, each parameter a list."""
    table, parts = cohort_tables[name], TABLES[name].KEY
    given = unnested(ended=BigInteger(), **{f"key_{part}": AnyText() for part in parts})
    mine = (table.c[part] == collate(given.c[f"key_{part}"], "C") for part in parts)
    return table.update().where(*mine, table.c.until.is_(None)).values(until=given.c.ended)


@cache
def _end(name: str) -> Update:
    table = cohort_tables[name]
    mine = (table.c[part] == bindparam(f"key_{part}") for part in TABLES[name].KEY)
    return table.update().where(*mine, table.c.until.is_(None)).values(until=bindparam("ended"))


def _store(column: Column, value: Json) -> Json:
    if value is None:
        return None
    if column.kind == "json":
        return dump(value).decode()
    return int(value) if isinstance(value, bool) else value


def _load_text(value: object) -> str:
    if not isinstance(value, str):
        raise MalformedError("not a text")
    try:
        value.encode()
    except UnicodeEncodeError:  # bytes that are no UTF-8, as the engine reads them
        raise MalformedError("not a text in UTF-8") from None
    return value


def _load_integer(value: object) -> int:
    if type(value) is not int or not -INTEGER_MAX <= value <= INTEGER_MAX:
        raise MalformedError("not an integer")
    return value


def _load_boolean(value: object) -> bool:
    if _load_integer(value) not in (0, 1):
        raise MalformedError("not a boolean")
    return value == 1


def _load_json(value: object) -> Json:
    content = load(_load_text(value).encode())
    if content is None:
        raise MalformedError("nothing is stored as nothing")
    return content


_LOADERS: Mapping[Kind, Callable[[object], Json]] = {
    "text": _load_text,
    "integer": _load_integer,
    "boolean": _load_boolean,
    "json": _load_json,
}


def _tampered(table: str, key: RowKey, what: str) -> TamperedError:
    name = "/".join(key)
    return TamperedError(f"{table} {name}: {what}", table=table, key=name, step=8)
