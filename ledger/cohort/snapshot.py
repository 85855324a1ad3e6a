"""The cohort database at one moment, as typed rows: what reports, commands and pages read.

It is made from the database in memory (an auditor's laptop) or from stored row versions (a hub); neither knows which
the reader got.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeVar

from ledger.cohort.cells import RowKey, Version
from ledger.cohort.database import Database, Registered
from ledger.cohort.rows import TABLES, Row, columns_of
from ledger.names import When

RowT = TypeVar("RowT", bound=Row)


@dataclass(frozen=True)
class Snapshot:
    """All rows as entry `size - 1` left them, by table, in order of their keys; and the events that made them.

    day: where the view is *on* a day, that day; else None.
    """

    size: int
    tables: Mapping[str, tuple[Row, ...]]
    events: tuple[Registered, ...]
    day: date | None = None

    def of(self, row_type: type[RowT]) -> tuple[RowT, ...]:
        return self.tables.get(row_type.TABLE, ())  # type: ignore[return-value]  # tables hold their own row type

    def on(self, day: date) -> "Snapshot":
        """Keep what is dated and past by `day`; what carries no date stays."""
        tables = {
            table: tuple(kept for row in rows if (kept := _on(row, day)) is not None)
            for table, rows in self.tables.items()
        }
        events = tuple(event for event in self.events if event.on is None or When.parse(event.on).is_past(day))
        return Snapshot(self.size, tables, events, day)


def of_versions(versions: Iterable[Version], events: Iterable[Registered], *, size: int) -> Snapshot:
    """A snapshot from the row versions that stand after `size` entries, in any order."""
    told = tuple(events)
    synthetic = frozenset(event.index for event in told if event.synthetic)
    tables: dict[str, list[Row]] = {table: [] for table in TABLES}
    for version in versions:
        tables[version.table].append(make_row(version, synthetic))
    return Snapshot(size, {table: tuple(sorted(rows, key=lambda row: row.key)) for table, rows in tables.items()}, told)


def make_row(version: Version, synthetic: frozenset[int]) -> Row:
    row_type = TABLES[version.table]
    values: dict[str, Any] = dict(zip(row_type.KEY, version.key, strict=True))
    values |= {name: value for name, (_, value) in version.fields.items()}
    set_by = {name: by for name, (by, _) in version.fields.items()}
    return row_type(**values, set_by=set_by, since=version.since, synthetic=not synthetic.isdisjoint(set_by.values()))


def current(database: Database) -> Iterable[Version]:
    """The versions that stand in a database in memory."""
    for table, record in database.versions():
        newest = max(laying.by for cell in record.cells.values() for laying in cell)
        yield record.version(table, newest)


def _on(row: Row, day: date) -> Row | None:
    columns = columns_of(row.TABLE)
    if row.BEGUN is not None and not _happened(row, row.BEGUN, day):
        return None
    late = [
        name
        for name, column in columns.items()
        if column.dated is not None and name in row.set_by and not _happened(row, column.dated, day)
    ]
    if not late:
        return row
    set_by = {name: by for name, by in row.set_by.items() if name not in late}
    changes: dict[str, Any] = {"set_by": set_by, **dict.fromkeys(late)}
    return replace(row, **changes) if set_by else None


def _happened(row: Row, dated: str, day: date) -> bool:
    stated = getattr(row, dated)
    return stated is not None and When.parse(stated).is_past(day)


def key_of(row_type: type[Row], parts: Iterable[str]) -> RowKey | None:
    """The row key that these texts make, None where their number is not the table's."""
    key = tuple(parts)
    return key if len(key) == len(row_type.KEY) else None
