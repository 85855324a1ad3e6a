"""Rebuild: fold the stored entries again and replace the tables, or only hold the tables against them (step 8)."""

from collections.abc import Callable, Iterator
from itertools import tee

from ledger.cohort.database import Database, Taken
from ledger.cohort.digest import START, next_digest
from ledger.cohort.memorandum import Memorandum
from ledger.errors import TamperedError
from ledger.operations.append import recorded
from ledger.operations.uncollected import uncollected
from ledger.replay import replay
from ledger.store.cells import all_changes, analyze_versions, clear_versions, write_versions
from ledger.store.engine import Connection, Engine, reading, writing
from ledger.store.entries import read_entries
from ledger.store.head import read_head

_BATCH = 1_000
Progress = Callable[[int, int], None]


def rebuild(engine: Engine, memorandum: Memorandum, *, progress: Progress = lambda _done, _of: None) -> bytes:
    """Replace every row version by what the entries replay to, in one transaction. Returns the digest, 32 bytes.

    Raises TamperedError, and replaces nothing, where an entry's stored digest is not the one that it replays to.
    """
    with uncollected(), writing(engine) as connection:
        clear_versions(connection)
        database = Database()
        batch: list[Taken] = []
        for taken in _replayed(connection, memorandum, database, progress):
            batch.append(taken)
            if len(batch) == _BATCH:
                write_versions(connection, (version for each in batch for version in each.versions))
                batch.clear()
        write_versions(connection, (version for each in batch for version in each.versions))
        analyze_versions(connection)
        return database.digest


def check_tables(engine: Engine, memorandum: Memorandum, *, progress: Progress = lambda _done, _of: None) -> bytes:
    """Hold the stored rows against the log (step 8 of the audit). Returns the digest that both give.

    Raises TamperedError, which names the first entry whose rows differ, or the table and key that are not whole.
    """
    with reading(engine) as connection:
        return check_rows(connection, memorandum, progress=progress)


def check_rows(
    connection: Connection, memorandum: Memorandum, *, progress: Progress = lambda _done, _of: None
) -> bytes:
    """The same as a transaction sees them."""
    with uncollected():
        size = read_head(connection).size
        stored = START
        changes = all_changes(connection, size)
        for taken in _replayed(connection, memorandum, Database(), progress):
            index, versions = next(changes)
            stored = next_digest(stored, versions)
            if index != taken.event.index or stored != taken.digest:
                raise TamperedError(
                    f"the stored rows of entry {taken.event.index} are not what it replays to",
                    index=taken.event.index,
                    node=taken.event.node,
                    step=8,
                )
        for _ in changes:  # none is left, unless a row claims an entry that is not there
            raise TamperedError("a stored row claims an entry that is not there", step=8)
        return stored


def _replayed(
    connection: Connection, memorandum: Memorandum, database: Database, progress: Progress
) -> Iterator[Taken]:
    size = read_head(connection).size
    entries, again = tee(read_entries(connection, 0, size))  # read in step: one entry is held, not the log
    for stored, taken in zip(entries, replay(memorandum, map(recorded, again), database), strict=True):
        if taken.digest != stored.digest:
            raise TamperedError(f"entry {stored.index} was stored with another digest", index=stored.index)
        yield taken
        if database.size % _BATCH == 0 or database.size == size:
            progress(database.size, size)
