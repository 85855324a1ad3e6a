"""The database's door: one writer at a time, readers that see one moment each, and a schema that is brought to date.

What is SQLite's own stands here and nowhere else in the store, but for the vault's key file. SQLite runs in WAL mode
with `synchronous=FULL`: a commit that was answered survives a power cut, and readers never wait for the writer.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from ledger.errors import LedgerError, SetupError, TamperedError, UnavailableError

if TYPE_CHECKING:
    from alembic.config import Config

# The two types go through this door too: nothing above the store imports SQLAlchemy.
__all__ = [
    "Connection",
    "Engine",
    "check_file",
    "check_objects",
    "check_schema",
    "empty_write_ahead",
    "migrate",
    "newest_revision",
    "open_engine",
    "reading",
    "writing",
]

_BUSY_TIMEOUT_MS = 30_000
_PRAGMAS = (
    f"busy_timeout = {_BUSY_TIMEOUT_MS}",  # first: changing the journal mode takes a lock too
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",  # of the vault's rows: what is deleted is overwritten, in this file at the next checkpoint
)
# A byte that is no UTF-8 is read as a lone surrogate, which no check lets pass; it is no reason for a read to fail.
_read_text = partial(str, encoding="utf-8", errors="surrogateescape")


def open_engine(url: str) -> Engine:
    """Make ready to connect to `sqlite:///<file>`; nothing is opened yet. Raises SetupError for another kind of URL."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SetupError("the database URL cannot be read: write sqlite:///<file>") from None
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise SetupError(f"no database of this kind: {parsed.render_as_string()}; write sqlite:///<file>")
    engine = create_engine(parsed, hide_parameters=True)  # an error's text gets into logs
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction of the one writer: the lock is taken at once, and kept to the commit at the end of the block.

    Raises UnavailableError where another writer keeps the lock for half a minute.
    """
    with _translated(), engine.connect() as connection:
        connection = connection.execution_options(writes=True)  # noqa: PLW2901 - the same connection, told so
        with connection.begin():
            yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One moment: all that is read in the block is as the last commit before its first read left it."""
    with _translated(), engine.connect() as connection, connection.begin():
        yield connection


def empty_write_ahead(engine: Engine) -> bool:
    """Bring all of the write-ahead file into the database and cut it to nothing, where no reader needs it any more.

    Returns whether it is empty now. Waits for nobody: what a reader keeps in it is told by the return, and goes with
    the next call.
    """
    connection = engine.raw_connection()
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA busy_timeout = 0")
        (busy, _, _) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")  # the connection goes back to the pool
        connection.close()


def migrate(engine: Engine) -> None:
    """Bring the schema to its head, under the writer's lock, so that two processes starting do not collide."""
    from alembic import command  # noqa: PLC0415 - costs as much as all the rest together, and is seldom asked for

    config = _alembic()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def newest_revision() -> str:
    """Of the schema, by the migrations that there are."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as above

    revision = ScriptDirectory.from_config(_alembic()).get_current_head()
    assert revision is not None
    return revision


def check_schema(engine: Engine) -> None:
    """Raises SetupError unless the schema is the one that this version of the program works on."""
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - as above

    with reading(engine) as connection:
        found = MigrationContext.configure(connection).get_current_heads()
    if found != (newest_revision(),):
        if not found:
            raise SetupError("the database is empty: found a ledger in it with `cohort-ledger init`")
        raise SetupError(f"the database is at {', '.join(found)}, and not of this version: run `cohort-ledger migrate`")


def check_file(engine: Engine) -> None:
    """Hold SQLite's own tables and indexes against each other: what was edited past it differs between the two.

    Raises TamperedError with its first finding. Takes a pass over the whole file.
    """
    with reading(engine) as connection:
        finding = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
    if finding != "ok":
        raise TamperedError(f"the database file is damaged: {finding}")


def check_objects(engine: Engine) -> None:
    """Hold the database's tables, indexes and triggers against those of one that was just migrated.

    Raises SetupError, which names the first that is missing, or another.
    """
    wanted, found = _fresh_objects(), _objects(engine)
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise SetupError(f"the database's {name} is missing, or is not as the migrations made it")


@cache
def _fresh_objects() -> Mapping[str, str]:
    with TemporaryDirectory() as folder:
        fresh = open_engine(f"sqlite:///{folder}/fresh.db")
        migrate(fresh)
        objects = _objects(fresh)
        fresh.dispose()
    return objects


def _objects(engine: Engine) -> dict[str, str]:
    with reading(engine) as connection:
        rows = connection.exec_driver_sql(
            "SELECT type || ' ' || name AS name, sql FROM sqlite_master WHERE sql IS NOT NULL"
        )
        return {row.name: row.sql for row in rows}


def _alembic() -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - as above

    installed = Path(__file__).parent / "migrations"
    checkout = Path(__file__).parents[2] / "migrations"
    config = Config()
    folder = installed if installed.is_dir() else checkout
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin`, never by the driver
    connection.text_factory = _read_text
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _translated() -> Iterator[None]:
    """Say who must act on what SQLite met with; anything else is a mistake in this program, and stays what it is."""
    try:
        yield
    except DatabaseError as error:
        code = getattr(error.orig, "sqlite_errorcode", 0) & _PRIMARY_CODE
        if code in _ERRORS:
            kind, message = _ERRORS[code]
            raise kind(message) from None
        raise


_PRIMARY_CODE = 0xFF  # the rest of a result code says more than is needed
_ERRORS: Mapping[int, tuple[type[LedgerError], str]] = {
    sqlite3.SQLITE_BUSY: (UnavailableError, "another process is writing to the database and does not end: try again"),
    sqlite3.SQLITE_CANTOPEN: (SetupError, "the database cannot be opened: is its folder there, and yours?"),
    sqlite3.SQLITE_ERROR: (SetupError, "the database lacks a table or a column that it should have: restore it"),
    sqlite3.SQLITE_READONLY: (SetupError, "the database cannot be written to: are its file and folder yours?"),
    sqlite3.SQLITE_FULL: (SetupError, "the disk is full: make room, and try again"),
    sqlite3.SQLITE_CORRUPT: (TamperedError, "the database file is damaged: restore it from a bundle"),
    sqlite3.SQLITE_NOTADB: (TamperedError, "the database file is none: restore it from a bundle"),
}
