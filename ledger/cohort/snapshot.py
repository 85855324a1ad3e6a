"""The cohort database at one moment, as typed rows: what reports, commands and pages read.

It is made from the database in memory (an auditor's laptop) or from stored row versions (a hub); neither knows which
the reader got.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import wraps
from typing import Any, TypeVar

from ledger.cohort.cells import Version
from ledger.cohort.columns import Row
from ledger.cohort.database import Database, Registered
from ledger.cohort.rows import TABLES, Episode, StageDecision, columns_of
from ledger.names import When

RowT = TypeVar("RowT", bound=Row)
Made = TypeVar("Made")


@dataclass(frozen=True)
class Snapshot:
    """All rows as entry `size - 1` left them, by table, in order of their keys; and the events that made them.

    day: where the view is *on* a day, that day; else None. later: the events that such a view leaves out. One of them
    may have been corrected to an earlier day: what it then says keeps the place of the event in the log.
    made: what was computed from it alone, by which function: see `once`.
    """

    size: int
    tables: Mapping[str, tuple[Row, ...]]
    events: tuple[Registered, ...]
    day: date | None = None
    later: tuple[Registered, ...] = ()
    made: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def today(self) -> date:
        """The day that the view is on, or else that of the last entry: what is old or late is so by this day."""
        if self.day is not None:
            return self.day
        return self.events[-1].received.date() if self.events else date.min

    def of(self, row_type: type[RowT]) -> tuple[RowT, ...]:
        return self.tables.get(row_type.TABLE, ())  # type: ignore[return-value]  # tables hold their own row type

    def on(self, day: date) -> "Snapshot":
        """Keep what is dated and past by `day`; what carries no date stays, where it could have been so."""
        synthetic = _synthetic(self.events)
        tables = {
            table: tuple(kept for row in rows if (kept := _on(row, day, synthetic)) is not None)
            for table, rows in self.tables.items()
        }
        tables[StageDecision.TABLE] = _founded(tables)
        told = [(event, event.on is None or When.parse(event.on).is_past(day)) for event in self.events]
        events, later = (tuple(event for event, is_told in told if is_told is kept) for kept in (True, False))
        return Snapshot(self.size, tables, events, day, later)


def once(report: Callable[[Snapshot], Made]) -> Callable[[Snapshot], Made]:
    """Compute a report of a snapshot once, and keep it with that: neither ever changes, so nobody may alter it."""

    @wraps(report)
    def told(snapshot: Snapshot) -> Made:
        if report not in snapshot.made:
            snapshot.made[report] = report(snapshot)
        made: Made = snapshot.made[report]
        return made

    return told


def of_versions(versions: Iterable[Version], events: Iterable[Registered], *, size: int) -> Snapshot:
    """A snapshot from the row versions that stand after `size` entries, in any order."""
    told = tuple(events)
    synthetic = _synthetic(told)
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


def cases_of(decision: StageDecision) -> Iterator[tuple[str, str, str]]:
    """The cases that a stage decision names as evaluable: cohort, node, case."""
    named = decision.evaluable if isinstance(decision.evaluable, list) else ()
    return ((decision.cohort, str(each["node"]), str(each["case"])) for each in named if isinstance(each, dict))


def current(database: Database) -> Iterable[Version]:
    """The versions that stand in a database in memory."""
    for table, record in database.versions():
        yield record.version(table, max(record.changed_by()))


def _synthetic(events: Iterable[Registered]) -> frozenset[int]:
    return frozenset(event.index for event in events if event.synthetic)


def _on(row: Row, day: date, synthetic: frozenset[int]) -> Row | None:
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
    return replace(row, **changes, synthetic=not synthetic.isdisjoint(set_by.values())) if set_by else None


def _founded(tables: Mapping[str, tuple[Row, ...]]) -> tuple[Row, ...]:
    """The stage decisions all of whose cases are there as evaluable: one that names others was not taken yet."""
    evaluable = {
        (row.cohort, row.node, row.case)
        for row in tables.get(Episode.TABLE, ())
        if isinstance(row, Episode) and row.evaluable
    }
    return tuple(
        row
        for row in tables.get(StageDecision.TABLE, ())
        if isinstance(row, StageDecision) and evaluable.issuperset(cases_of(row))
    )


def _happened(row: Row, dated: str, day: date) -> bool:
    stated = getattr(row, dated)
    return stated is not None and When.parse(stated).is_past(day)
