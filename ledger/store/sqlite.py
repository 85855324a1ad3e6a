"""What is SQLite's own, but for the vault's key file, which is a file of its own.

It runs in WAL mode with `synchronous=FULL`: a commit that was answered survives a power cut, and readers never wait for
the writer.
"""

import sqlite3
from collections.abc import Mapping
from functools import cache, partial
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

from ledger.errors import LedgerError, SetupError, TamperedError, UnavailableError
from ledger.store.migrating import upgrade

SHAPE = "sqlite:///<file>"

_BUSY_TIMEOUT_MS = 30_000
_FIRST_CONNECTIONS = 100
_PRAGMAS = (
    f"busy_timeout = {_BUSY_TIMEOUT_MS}",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",  # of the vault's rows: what is deleted is overwritten, in this file at the next checkpoint
)
# A byte that is no UTF-8 is read as a lone surrogate, which no check lets pass; it is no reason for a read to fail.
_read_text = partial(str, encoding="utf-8", errors="surrogateescape")


def make_engine(url: URL) -> Engine:
    """Raises SetupError for a database that is in no file."""
    if not url.database:
        raise SetupError(f"a ledger is kept in a file: write {SHAPE}")
    engine = create_engine(url, hide_parameters=True)  # an error's text gets into logs
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def empty_write_ahead(engine: Engine) -> bool:
    """Bring all of the write-ahead file into the database and cut it to nothing; see `ledger.store.engine`."""
    connection = engine.raw_connection()
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA busy_timeout = 0")
        (busy, _, _) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError:  # no room to bring it into the database: it stays where it is
        return False
    else:
        return not busy
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")  # the connection goes back to the pool
        connection.close()


def check_committed(_connection: Connection) -> None:
    """What a commit returned for is on disk."""


def check_file(connection: Connection) -> str:
    """Hold its own tables and indexes against each other: what was edited past it differs between the two."""
    finding = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
    if finding != "ok":
        raise TamperedError(f"the database file is damaged: {finding}")
    return "its tables and indexes agree"


def objects(connection: Connection) -> dict[str, str]:
    """Its tables, indexes and triggers: name -> how each is made."""
    rows = connection.exec_driver_sql(
        "SELECT type || ' ' || name AS name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    )
    return {row.name: row.sql for row in rows}


def objects_wanted(_engine: Engine) -> Mapping[str, str]:
    """The same of a database that was just migrated."""
    return _fresh()


@cache
def _fresh() -> Mapping[str, str]:
    with TemporaryDirectory() as folder:
        engine = make_engine(URL.create("sqlite", database=f"{folder}/fresh.db"))
        with engine.connect() as connection, connection.begin():
            upgrade(connection)
            made = objects(connection)
        engine.dispose()
    return made


def meaning_of(error: BaseException | None) -> LedgerError | None:
    """Who must act on what it met with; None for a mistake in this program."""
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
    if code not in _ERRORS:
        return None
    kind, message = _ERRORS[code]
    return kind(message)


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin`, never by the driver
    connection.text_factory = _read_text
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    _keep_write_ahead(connection)


def _keep_write_ahead(connection: Any) -> None:
    """Where several connections are the first to a new file, some are told at once that it is locked: SQLite waits for
    a lock, but not for one that grows out of a reader's, as this one does. So wait as a writer does, and ask again.
    """
    for _ in range(_FIRST_CONNECTIONS):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        else:
            return
    raise UnavailableError("too many are opening a new database at once: try again")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


_PRIMARY_CODE = 0xFF  # the rest of a result code says more than is needed
_ERRORS: Mapping[int, tuple[type[LedgerError], str]] = {
    sqlite3.SQLITE_BUSY: (UnavailableError, "another process is writing to the database and does not end: try again"),
    sqlite3.SQLITE_CANTOPEN: (SetupError, "the database cannot be opened: is its folder there, and yours?"),
    sqlite3.SQLITE_ERROR: (SetupError, "the database lacks a table or a column that it should have: restore it"),
    sqlite3.SQLITE_READONLY: (SetupError, "the database cannot be written to: are its file and folder yours?"),
    sqlite3.SQLITE_FULL: (UnavailableError, "the disk is full: make room, and try again"),
    sqlite3.SQLITE_IOERR: (UnavailableError, "the disk does not write or read: look at it, and try again"),
    sqlite3.SQLITE_CORRUPT: (TamperedError, "the database file is damaged: restore it from a bundle"),
    sqlite3.SQLITE_NOTADB: (TamperedError, "the database file is none: restore it from a bundle"),
}
