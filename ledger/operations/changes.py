"""What entries changed in the cohort database, field by field, read from stored row versions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from ledger.cohort.cells import RowKey, Version
from ledger.cohort.rows import columns_of
from ledger.signing.canonical import Json
from ledger.store.cells import changes_at, row_history
from ledger.store.engine import Connection


@dataclass(frozen=True, slots=True)
class Changed:
    """One cell that an entry changed. index: of the entry. old_by, new_by: of the events behind the value before and
    after, None where there was none. sealed: the values are commitments.
    """

    index: int
    table: str
    key: RowKey
    field: str
    sealed: bool
    old: Json
    new: Json
    old_by: int | None
    new_by: int | None


def changes_in(history: Iterable[Version]) -> Iterator[Changed]:
    """All that changed of one row. history: its versions, oldest first, as `row_history` has them."""
    versions = list(history)
    if not versions:
        return
    nothing = Version(versions[0].table, versions[0].key, -1, {})
    columns = columns_of(nothing.table)
    for before, after in pairwise([nothing, *versions]):
        for field in columns:
            old_by, old = before.fields.get(field, (None, None))
            new_by, new = after.fields.get(field, (None, None))
            if old_by != new_by:
                yield Changed(
                    after.since, after.table, after.key, field, columns[field].sealed, old, new, old_by, new_by
                )


def changes_of(connection: Connection, index: int, *, original: int) -> list[Changed]:
    """All that one entry changed. original: index of the event that it corrects or retracts, else its own: a row that
    a retraction ended is found by what it ended.
    """
    rows = {(each.table, each.key) for place in {index, original} for each in changes_at(connection, place)}
    return [
        each
        for table, key in sorted(rows)
        for each in changes_in(row_history(connection, table, key))
        if each.index == index
    ]
