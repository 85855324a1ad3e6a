"""Cells: a value, and the event that set it.

An event sets cells and does nothing else. A cell keeps every value that was ever laid on it, as (root event, event
that laid it, value): the root itself, or a correction of it. Its value is the last by root first and by correction
second, so that correcting an older event never overrides a newer one. No other module knows this order.
"""

from bisect import insort
from typing import NamedTuple

from ledger.signing.canonical import Json

RowKey = tuple[str, ...]


class Set(NamedTuple):
    """One cell that an event sets. value: clear JSON, or the commitment of a sealed field, or None for "said none"."""

    table: str
    key: RowKey
    field: str
    value: Json


class Laying(NamedTuple):
    """root: index of the event that set the cell; by: that index, or that of the correction that laid this value."""

    root: int
    by: int
    value: Json


class Version(NamedTuple):
    """A row as one event left it. fields: name -> (index of the event behind the value, value); empty: none stands."""

    table: str
    key: RowKey
    since: int
    fields: dict[str, tuple[int, Json]]


class Record:
    """One row's cells, each with its history. Fields that no event ever set are not there."""

    __slots__ = ("cells", "key")

    def __init__(self, key: RowKey) -> None:
        self.key = key
        self.cells: dict[str, list[Laying]] = {}

    def lay(self, field: str, laying: Laying) -> None:
        cell = self.cells.get(field)
        if cell is None:
            self.cells[field] = [laying]
        else:
            insort(cell, laying, key=_order)

    def take_back(self, by: int) -> None:
        """Undo what the event at index `by` laid, as if it had never come."""
        for field, cell in list(self.cells.items()):
            kept = [laying for laying in cell if laying.by != by]
            if kept:
                self.cells[field] = kept
            else:
                del self.cells[field]

    def value(self, field: str) -> Json:
        """The value that stands, None where there is none (or where the event said that there is none)."""
        cell = self.cells.get(field)
        return cell[-1].value if cell else None

    def root(self, field: str) -> int | None:
        """Index of the event that set the field, None where no event did."""
        cell = self.cells.get(field)
        return cell[-1].root if cell else None

    def value_at(self, field: str, index: int) -> Json:
        """The value as it stood when the entry at `index` had been taken."""
        known = [laying for laying in self.cells.get(field, ()) if laying.by <= index]
        return known[-1].value if known else None

    def version(self, table: str, since: int) -> Version:
        return Version(
            table, self.key, since, {field: (cell[-1].by, cell[-1].value) for field, cell in self.cells.items()}
        )


def _order(laying: Laying) -> tuple[int, int]:
    return laying.root, laying.by
