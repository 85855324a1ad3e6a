"""Copies of the hub's two SQLite files, taken while it runs: of one moment, and without what was deleted.

They are two, and for two places: see the walk-through (`cohort-ledger deploy backup`). A copy is written anew, page by
page, so bytes that an erasure freed are not in it; it appears whole or not at all, and never over another.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine

from ledger.errors import SetupError, TamperedError

_MODE = 0o600
_BUSY_TIMEOUT_S = 30.0


def copy_database(engine: Engine, file: Path) -> None:
    """Raises SetupError for a database that is no SQLite file, and where the copy cannot be written."""
    name = engine.url.database
    if engine.url.get_backend_name() != "sqlite" or name is None:
        raise SetupError("this database is a server's: back it up with what belongs to that, for PostgreSQL pg_dump")
    copy_file(Path(name), file)


def copy_file(source: Path, file: Path) -> None:
    """Errors: as `copy_database`; SetupError where there is no source, TamperedError where its copy does not hold."""
    if not source.is_file():
        raise SetupError(f"there is no {source}")
    if file.exists():
        raise SetupError(f"there is a {file} already: a copy is never written over, name another")
    part = file.with_name(f"{file.name}.part")
    try:
        part.unlink(missing_ok=True)  # of a copy that was cut off
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _MODE))
    except OSError as error:
        raise SetupError(f"{file} cannot be written: {error.strerror}") from None
    try:
        _copy(source, part)
        part.rename(file)
    except sqlite3.Error as error:
        raise SetupError(f"{source} could not be copied to {file}: {error.sqlite_errorname}") from None
    finally:
        part.unlink(missing_ok=True)
    _sync(file.parent)


def _copy(source: Path, part: Path) -> None:
    with closing(sqlite3.connect(source, timeout=_BUSY_TIMEOUT_S, isolation_level=None)) as opened:
        opened.execute("VACUUM INTO ?", (str(part),))
    with closing(sqlite3.connect(part)) as copied:
        (found,) = copied.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise TamperedError(f"{source} is damaged: {found}")
    _sync(part)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
