"""What was told of a cohort itself, in the order of the log: its definition, where it was open and when, its decisions.

What was told of patients is not in it: that is theirs, and counted elsewhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ledger.cohort import rows
from ledger.cohort.columns import Row
from ledger.cohort.snapshot import Snapshot
from ledger.signing.entry import format_time

_OF_THE_COHORT: tuple[type[Row], ...] = (rows.Cohort, rows.CohortOpening, rows.Suspension, rows.StageDecision)
_WORDS: Mapping[str, str] = {
    "cohort.defined": "defined",
    "cohort.opened": "opened here",
    "cohort.suspended": "suspended here",
    "cohort.resumed": "resumed here",
    "cohort.closed": "closed",
    "cohort.stage_decided": "stage decided",
    "event.corrected": "corrected",
    "event.retracted": "retracted",
}


@dataclass(frozen=True, slots=True)
class Happened:
    """index: of the entry. received: when the hub took it (UTC). on: the day that the node stated, where it did."""

    index: int
    received: str
    node: str
    type: str
    on: str | None
    words: str
    synthetic: bool


def cohort_history(snapshot: Snapshot, cohort: str) -> tuple[Happened, ...]:
    """Of the entries that set what stands of it; what was put in another's place is told by that one."""
    told = {index: words for row in _rows(snapshot, cohort) for index, words in _told_by(row)}
    return tuple(
        Happened(
            index=event.index,
            received=format_time(event.received),
            node=event.node,
            type=event.type,
            on=event.on,
            words=told[event.index] or _WORDS.get(event.type, event.type),
            synthetic=event.synthetic,
        )
        for event in snapshot.events
        if event.index in told
    )


def entries_of(snapshot: Snapshot, cohort: str) -> frozenset[int]:
    """The indexes of all entries that set anything of a cohort, its patients' among them."""
    of = (row for table in snapshot.tables.values() for row in table if getattr(row, "cohort", None) == cohort)
    return frozenset(index for row in of for index in row.set_by.values())


def _rows(snapshot: Snapshot, cohort: str) -> Iterator[Row]:
    for row_type in _OF_THE_COHORT:
        yield from (row for row in snapshot.of(row_type) if getattr(row, "cohort", None) == cohort)


def _told_by(row: Row) -> Iterator[tuple[int, str]]:
    words = ""
    if isinstance(row, rows.StageDecision):
        words = f"stage {row.stage} decided: {(row.decision or '').replace('-', ' ')}"
    for index in row.set_by.values():
        yield index, words
