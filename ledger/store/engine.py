"""The database's door: one writer at a time, readers that see one moment each, and a schema that is brought to date.

What is one database's own stands in `sqlite` and `postgresql`, under the same names.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DatabaseError
from sqlalchemy.exc import TimeoutError as NoneFreeError

from ledger.errors import SetupError, UnavailableError
from ledger.store import migrating, postgresql, sqlite

# The two types go through this door too: nothing above the store imports SQLAlchemy.
__all__ = [
    "Connection",
    "Engine",
    "check_file",
    "check_objects",
    "check_schema",
    "empty_write_ahead",
    "migrate",
    "open_engine",
    "reading",
    "shown_url",
    "writing",
]

_KINDS = {"sqlite": sqlite, "postgresql": postgresql}
_SHAPES = " or ".join(kind.SHAPE for kind in _KINDS.values())


def open_engine(url: str, *, of_replica: bool = False) -> Engine:
    """Make ready to connect to `sqlite:///<file>` or `postgresql://user@host/database`; nothing is opened yet.
    of_replica: of several hosts any will do.

    Raises SetupError for another kind of URL, and where a driver is missing.
    """
    try:
        parsed = _parsed(url)
    except (ArgumentError, ValueError):
        raise SetupError(f"the database URL cannot be read: write {_SHAPES}") from None
    kind = _KINDS.get(parsed.get_backend_name())
    if kind is None:
        raise SetupError(f"no database of this kind: {_shown(parsed)}; write {_SHAPES}")
    engine: Engine = kind.make_engine(parsed if of_replica else postgresql.of_the_writer(parsed))
    return engine


def shown_url(url: str) -> str:
    """A database's URL as it may be shown: without its passwords."""
    try:
        return _shown(_parsed(url))
    except (ArgumentError, ValueError):
        return "a URL that cannot be read"


def _parsed(url: str) -> URL:
    return make_url(postgresql.as_one_host(url))


def _shown(url: URL) -> str:
    secret = {name: "***" for name in url.query if "password" in name}  # `sslpassword` is one, too
    return url.update_query_dict(secret).render_as_string()


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction of the one writer: the lock is taken at once, and kept to the commit at the end of the block.

    Raises UnavailableError where another writer keeps the lock for half a minute.
    """
    with _translated(engine), engine.connect() as connection:
        connection = connection.execution_options(writes=True)  # noqa: PLW2901 - the same connection, told so
        with connection.begin():
            yield connection
        _kind(engine).check_committed(connection)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One moment: all that is read in the block is as the last commit before its first read left it."""
    with _translated(engine), engine.connect() as connection, connection.begin():
        yield connection


def empty_write_ahead(engine: Engine) -> bool:
    """Bring all of SQLite's write-ahead file into the database and cut it to nothing, where no reader needs it any
    more. PostgreSQL's log is the server's: what stays in it is ciphertext whose key is destroyed.

    Returns whether it is empty now. Waits for nobody: what a reader keeps in it is told by the return, and goes with
    the next call.
    """
    return engine.dialect.name != "sqlite" or sqlite.empty_write_ahead(engine)


def migrate(engine: Engine) -> None:
    """Bring the schema to its head, under the writer's lock, so that two processes starting do not collide."""
    with writing(engine) as connection:
        migrating.upgrade(connection)


def check_schema(engine: Engine) -> None:
    """Raises SetupError unless the schema is the one that this version of the program works on."""
    with reading(engine) as connection:
        found, wanted = migrating.revisions(connection)
    if found != wanted:
        if not found:
            raise SetupError("the database is empty: found a ledger in it with `cohort-ledger init`")
        names = ", ".join(sorted(found))
        raise SetupError(f"the database is at {names}, and not of this version: run `cohort-ledger migrate`")


def schema_of(engine: Engine) -> str:
    """The revision that the database is at; several with commas between."""
    with reading(engine) as connection:
        found, _ = migrating.revisions(connection)
    return ", ".join(sorted(found))


def check_file(engine: Engine) -> str:
    """What the database itself can tell of whether it is whole and keeps what it is given; in words.

    Raises TamperedError with the first finding, SetupError where it may lose what it has answered. May take a pass over
    the whole file.
    """
    with reading(engine) as connection:
        told: str = _kind(engine).check_file(connection)
    return told


def check_objects(engine: Engine) -> None:
    """Hold the database's tables, indexes and triggers against those of one that was just migrated.

    Raises SetupError, which names the first that is missing, or another.
    """
    with _translated(engine):
        wanted = _kind(engine).objects_wanted(engine)
    with reading(engine) as connection:
        found = _kind(engine).objects(connection)
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise SetupError(f"the database's {name} is missing, or is not as the migrations made it")


def _kind(engine: Engine) -> ModuleType:
    return _KINDS[engine.dialect.name]


@contextmanager
def _translated(engine: Engine) -> Iterator[None]:
    """Say who must act on what a database met with; anything else is a mistake in this program, and stays what it
    is.
    """
    try:
        yield
    except DatabaseError as error:
        meaning = _kind(engine).meaning_of(error.orig)
        if meaning is None:
            raise
        raise meaning from None
    except NoneFreeError:
        raise UnavailableError("all connections to the database are in use: try again") from None
