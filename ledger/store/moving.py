"""A ledger's rows, all of them, moved from one database to another; and a digest of what one holds of each table.

What says who is logged in stays behind: people log in again. Tokens that were used go along: none is used twice.
"""

from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, func, select

from ledger.errors import SetupError, TamperedError
from ledger.store.bulk import analyze, insert_rows, stream_rows
from ledger.store.tables import head, login_links, metadata, sessions

_AT_A_TIME = 1000  # rows
_MOVED = tuple(table for table in metadata.sorted_tables if table not in (login_links, sessions))


class Content(NamedTuple):
    """What a table holds. rows: how many. digest: SHA-256 over all of them in the order of their keys, 32 bytes."""

    table: str
    rows: int
    digest: bytes


def check_empty(conn: Connection) -> None:
    """Raises SetupError where anything is stored."""
    for table in metadata.sorted_tables:
        if conn.execute(select(func.count()).select_from(table.select().limit(1).subquery())).scalar_one():
            raise SetupError(f"the database to move to is not empty: it has rows in {table.name}; name another")


def copy_rows(source: Connection, target: Connection) -> Iterator[str]:
    """Copy all rows; tells each table when it is done. The target is empty, and of this version's schema.

    Raises SetupError for a text that the target cannot keep.
    """
    for table in _MOVED:
        rows = _rows(source, table)
        while part := [row._asdict() for row in islice(rows, _AT_A_TIME)]:
            _check_texts(table, part, has_nul=target.dialect.name == "sqlite")
            insert_rows(target, table, part)
        yield table.name
    analyze(target, _MOVED)


def contents(conn: Connection) -> list[Content]:
    """Of each table that is moved. Raises TamperedError where a text is stored that is none."""
    return [_content(conn, table) for table in _MOVED]


def mark_moved(conn: Connection, to: str) -> None:
    """From now on nothing is appended here. to: as it may be shown."""
    conn.execute(head.update().values(moved_to=to))


def moved_to(conn: Connection) -> str | None:
    """Where a ledger was moved to, None for one that goes on here."""
    place: str | None = conn.execute(select(head.c.moved_to)).scalar_one_or_none()
    return place


def check_not_moved(conn: Connection) -> None:
    """Raises SetupError where a ledger goes on in another database: in two it would fork."""
    place = moved_to(conn)
    if place is not None:
        raise SetupError(f"this ledger was moved to {place} and goes on there: set database_url to it")


def _content(conn: Connection, table: Table) -> Content:
    hashed, count = sha256(), 0
    for row in _rows(conn, table):
        count += 1
        for value in row:
            hashed.update(_encoded(table, value))
    return Content(table.name, count, hashed.digest())


def _rows(conn: Connection, table: Table) -> Iterator[Any]:
    return stream_rows(conn, table.select().order_by(*table.primary_key.columns))


def _encoded(table: Table, value: str | int | bytes | None) -> bytes:
    """A value with its type and its length before it, so that no two rows look the same."""
    if isinstance(value, str):
        data = _utf8(table, value)
        return b"t%d:%b" % (len(data), data)
    if isinstance(value, bytes):
        return b"b%d:%b" % (len(value), value)
    return b"n:" if value is None else b"i%d:" % value


def _check_texts(table: Table, rows: list[dict[str, Any]], *, has_nul: bool) -> None:
    """has_nul: whether the target keeps U+0000."""
    for row in rows:
        for name, value in row.items():
            if isinstance(value, str) and b"\0" in _utf8(table, value) and not has_nul:
                raise SetupError(
                    f"{table.name}.{name} holds the character U+0000, which PostgreSQL cannot keep: this ledger stays "
                    "on SQLite"
                )


def _utf8(table: Table, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:  # bytes that are no text, as the engine reads them
        raise TamperedError(f"{table.name}: a text is stored that is none: run `cohort-ledger doctor`") from None
