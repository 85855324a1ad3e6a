"""What counts: rows and events of a snapshot, each with the event that made it count.

A function here makes the way in which one number finds what it counts. None of them looks at a sealed value.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ledger.cohort import rows
from ledger.cohort.cells import RowKey
from ledger.cohort.columns import Row
from ledger.cohort.database import Registered
from ledger.cohort.snapshot import Snapshot, cases_of
from ledger.errors import NotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Of what a number is; None for all of it. type: of event; entry: index of a decision."""

    cohort: str | None = None
    node: str | None = None
    type: str | None = None
    table: str | None = None
    metric: str | None = None
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """One that counts. index: of the event that made it count. table, key, field: the cell that this set, None where it
    is the event itself that is counted.
    """

    index: int
    table: str | None = None
    key: RowKey = ()
    field: str | None = None


_Of = Callable[[Snapshot, Which], Iterator[Counted]]


@dataclass(frozen=True, slots=True)
class Found:
    """How one number finds what it counts. tables: of which; none where the events themselves are counted."""

    of: _Of
    tables: frozenset[str]


_Counts = Callable[[Any], bool]


def rows_of(row_type: type[Row], field: str, counts: _Counts = lambda _: True) -> Found:
    """Each row that counts, by the event that set a field of it."""

    def found(snapshot: Snapshot, which: Which) -> Iterator[Counted]:
        return (_by(row, field) for row in _of(snapshot.of(row_type), which) if field in row.set_by and counts(row))

    return Found(found, frozenset({row_type.TABLE}))


def things_of(row_type: type[Row], field: str, thing: tuple[str, ...], counts: _Counts = lambda _: True) -> Found:
    """Each different thing among the rows that count, by the first event that told of it."""

    def found(snapshot: Snapshot, which: Which) -> Iterator[Counted]:
        first: dict[tuple[str, ...], Counted] = {}
        for row in _of(snapshot.of(row_type), which):
            if field in row.set_by and counts(row):
                this, named = _by(row, field), tuple(getattr(row, part) for part in thing)
                if named not in first or this.index < first[named].index:
                    first[named] = this
        return iter(first.values())

    return Found(found, frozenset({row_type.TABLE}))


def told_by(*sets: tuple[type[Row], str | None]) -> Found:
    """Each row of these with a field that a node set, told of each node by itself; of any field: the row once."""

    def found(snapshot: Snapshot, which: Which) -> Iterator[Counted]:
        node_of = {event.index: event.node for event in snapshot.events}
        for row_type, field in sets:
            for row in snapshot.of(row_type):
                if which.cohort not in (None, getattr(row, "cohort", None)):
                    continue
                by_node: dict[str, Counted] = {}
                for name, index in row.set_by.items():
                    if field in (None, name) and index in node_of:
                        by_node.setdefault(node_of[index], Counted(index, row.TABLE, row.key, name))
                yield from (each for node, each in by_node.items() if which.node in (None, node))

    return Found(found, frozenset(row_type.TABLE for row_type, _ in sets))


def in_table(*, each_cell: bool) -> Found:
    """What a node set in the table that is asked about: each cell, or each row once."""

    def found(snapshot: Snapshot, which: Which) -> Iterator[Counted]:
        node_of = {event.index: event.node for event in snapshot.events}
        for row in snapshot.tables.get(which.table or "", ()):
            set_here = [
                Counted(index, row.TABLE, row.key, name)
                for name, index in row.set_by.items()
                if index in node_of and which.node in (None, node_of[index])
            ]
            yield from set_here if each_cell else islice(set_here, 1)

    return Found(found, frozenset())


def _of(found: Iterable[Row], which: Which) -> Iterator[Any]:
    for row in found:
        of_cohort = which.cohort in (None, getattr(row, "cohort", None))
        of_metric = which.metric in (None, getattr(row, "metric", None))
        if of_cohort and of_metric and which.node in (None, getattr(row, "node", None)):
            yield row


def _by(row: Row, field: str) -> Counted:
    return Counted(row.set_by[field], row.TABLE, row.key, field)


def events_of(counts: Callable[[Registered], bool] = lambda _: True) -> Found:
    def found(snapshot: Snapshot, which: Which) -> Iterator[Counted]:
        for event in snapshot.events:
            if which.node in (None, event.node) and which.type in (None, event.type) and counts(event):
                yield Counted(event.index)

    return Found(found, frozenset())


def _decided_on(snapshot: Snapshot, which: Which) -> Iterator[Counted]:
    """The cases that a decision names, by the event that found each evaluable."""
    decision = next((each for each in snapshot.of(rows.StageDecision) if each.set_by["decision"] == which.entry), None)
    if decision is None:
        raise NotFoundError("no decision that stands was taken by this entry")
    found = {(each.cohort, each.node, each.case): each for each in snapshot.of(rows.Episode) if each.evaluable}
    for case in cases_of(decision):
        row = found.get(case)
        yield _by(row, "evaluable") if row else Counted(decision.set_by["evaluable"], decision.TABLE, decision.key)


DECIDED_ON = Found(_decided_on, frozenset({rows.StageDecision.TABLE, rows.Episode.TABLE}))
