"""Moving a ledger to another database: all of it in one transaction, shown to be the same before that commits.

The source's writer's lock is held all the while, so nothing comes in between; and then the source is marked, so that no
hub goes on in it: two would sign two histories, which their witnesses would convict.
"""

from collections.abc import Callable
from typing import NamedTuple

from ledger.cohort.memorandum import Memorandum
from ledger.errors import TamperedError
from ledger.operations.publish import check_extends
from ledger.operations.rebuild import check_rows
from ledger.store.access_log import check_chain
from ledger.store.engine import Connection, check_schema, migrate, open_engine, reading, shown_url, writing
from ledger.store.head import read_head
from ledger.store.moving import Content, check_empty, check_not_moved, contents, copy_rows, mark_moved
from ledger.store.tiles import check_tiles, node_reader

Tell = Callable[[str], None]


class Moved(NamedTuple):
    """to: where, as it may be shown. contents: of each table, the same in both. size: entries. digest: of the cohort
    database, as the rows that were moved give it, 32 bytes. accesses: lines of the access log.
    """

    to: str
    contents: list[Content]
    size: int
    digest: bytes
    accesses: int


def move(database_url: str, to: str, *, tell: Tell = lambda _line: None) -> Moved:
    """Raises SetupError where the target is not empty, or cannot keep what is stored; TamperedError where what was
    moved is not what was there, or does not hold together: nothing is moved then.
    """
    source, target = open_engine(database_url), open_engine(to)
    try:
        # 1. a ledger here that goes on here, and room for it there
        check_schema(source)
        with reading(source) as connection:
            read_head(connection)
            check_not_moved(connection)
        migrate(target)
        with reading(target) as connection:
            check_empty(connection)
        with writing(source) as here:
            with writing(target) as there:
                check_not_moved(here)
                check_empty(there)
                # 2. every row
                for table in copy_rows(here, there):
                    tell(f"copied {table}")
                # 3. the same, table by table, and whole
                found = contents(there)
                for kept, moved in zip(contents(here), found, strict=True):
                    if kept != moved:
                        raise TamperedError(f"{kept.table} is not the same in both databases: nothing is moved")
                told = _checked(there, shown_url(to), found)
            # 4. the target is durable. A crash before the source is marked leaves a copy there: it is no longer empty,
            # and this refuses to run again until somebody has looked which of the two goes on
            mark_moved(here, told.to)
        return told
    finally:
        source.dispose()
        target.dispose()


def _checked(connection: Connection, to: str, found: list[Content]) -> Moved:
    """Hold what was moved against itself, as the doctor does."""
    head = read_head(connection)
    memorandum = Memorandum.parse(head.memorandum)
    check_tiles(connection, head.size)
    check_extends(head, head.checkpoint, memorandum, node_reader(connection, head.size))
    digest = check_rows(connection, memorandum)
    return Moved(to, found, head.size, digest, check_chain(connection))
