"""Reading what two moments of the stored cohort database differ by."""

from dataclasses import dataclass

from ledger.cohort.cells import Version
from ledger.cohort.rows import TABLES
from ledger.errors import MalformedError
from ledger.operations.reading import Moment, last_index
from ledger.reports.changes import Changes, changes, setters
from ledger.store.cells import read_changed, read_corrections_by
from ledger.store.engine import Engine, reading
from ledger.store.entries import registered_each
from ledger.store.head import read_head

RECENT = 50  # entries, where nobody says since when
FARTHEST = 20_000  # entries between two moments: a second or two, and what memory that takes


@dataclass(frozen=True, slots=True)
class Between:
    """old, new: indexes of the last entries of both moments, -1 for before the first. size: of the log."""

    old: int
    new: int
    size: int
    changes: Changes


def changes_between(
    engine: Engine, start: str | None, stop: str | None, *, cohort: str | None = None, node: str | None = None
) -> Between:
    """start, stop: as `at` of a moment; None for fifty entries before, and for now.

    Raises NotFoundError for an index that the log does not have, MalformedError where the first is the later one.
    """
    with reading(engine) as connection:
        new = last_index(connection, Moment.parse(stop, None))
        old = max(-1, new - RECENT) if start is None else last_index(connection, Moment.parse(start, None))
        if old > new:
            raise MalformedError("`from` is later than `to`: ask the other way round")
        if new - old > FARTHEST:
            raise MalformedError(f"between the two are {new - old} entries: ask about {FARTHEST} at most")
        differing = [each for table in TABLES for each in read_changed(connection, table, old=old, new=new)]
        behind = setters(differing)
        corrections: list[Version] = [*read_corrections_by(connection, behind, at=new)]
        events = {each.index: each for each in registered_each(connection, behind)}
        size = read_head(connection).size
    found = changes(differing, events, corrections, after=old, cohort=cohort, node=node)
    return Between(old, new, size, found)
