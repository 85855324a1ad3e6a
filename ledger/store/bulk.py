"""Many rows at once, written and read.

The statement is made once, and the driver runs it row by row: SQLAlchemy would look at each row's parameters again, at
several times the cost of storing them. On PostgreSQL they are copied, in one statement, whose triggers run once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Delete, Dialect, Insert, Select, Table, Update

from ledger.store import postgresql

Row = Mapping[str, Any]  # value by column

_AT_A_TIME = 1000  # rows that are read
_COPIED_FROM = 5  # rows: as many inserts cost as much as a copy


def insert_rows(conn: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows, all with the columns of the first, and values of types that the driver takes."""
    if conn.dialect.name == "postgresql" and len(rows) >= _COPIED_FROM:
        postgresql.copy_rows(conn, table, rows)
    elif rows:
        run_each(conn, _insert(table), rows)


def stream_rows(conn: Connection, statement: Select[Any]) -> Iterator[Any]:
    """Rows as they come, some at a time. Whoever goes before the last lets go of the rest."""
    with conn.execute(statement.execution_options(yield_per=_AT_A_TIME)) as found:
        yield from found


def analyze(conn: Connection, tables: Iterable[Table]) -> None:
    """Tell the database to look at what was written, so that it reads by the index that fits. It is in the same
    transaction; SQLite decides without it.
    """
    if conn.dialect.name == "postgresql":
        postgresql.analyze(conn, tables)


def run_each(conn: Connection, statement: Insert | Update | Delete, rows: Sequence[Row]) -> None:
    """Run a statement for each of these parameters, by name."""
    if not rows:
        return
    compiled = _compiled(statement, conn.dialect, frozenset(rows[0]))
    if compiled is None:
        conn.execute(statement, rows)
        return
    sql, names = compiled
    values = itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)
    conn.exec_driver_sql(sql, [values(row) for row in rows])


@cache
def _insert(table: Table) -> Insert:
    return table.insert()  # one and the same each time, to be found again


@lru_cache(maxsize=256)
def _compiled(
    statement: Insert | Update | Delete, dialect: Dialect, names: frozenset[str]
) -> tuple[str, tuple[str, ...]] | None:
    """The driver's text, and its parameters in their order; None where the driver takes them by name."""
    compiled = statement.compile(dialect=dialect, column_keys=sorted(names) if isinstance(statement, Insert) else None)
    return None if compiled.positiontup is None else (compiled.string, tuple(compiled.positiontup))
