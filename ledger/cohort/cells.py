"""Cells: a value, and the event that set it.

An event sets cells and does nothing else. A cell keeps every value that was ever laid on it, as (root event, event
that laid it, value): the root itself, or a correction of it. Its value is the last that stands, by root first and by
correction second, so that correcting an older event never overrides a newer one. What a correction or a retraction
lifted stands no more, and is remembered with the entry that lifted it. No other module knows this order.
"""

from bisect import insort
from collections.abc import Callable
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


class Lifted(NamedTuple):
    """A laying that stands no more. at: index of the correction or retraction that lifted it."""

    field: str
    laying: Laying
    at: int


class Version(NamedTuple):
    """A row as one event left it. fields: name -> (index of the event behind the value, value); empty: none stands."""

    table: str
    key: RowKey
    since: int
    fields: dict[str, tuple[int, Json]]


class Record:
    """One row's cells. `cells` holds what stands, field by field; fields that no standing event sets are not there, and
    a row without any is not listed. `lifted` holds the rest of its history, in the order in which it was lifted.
    """

    __slots__ = ("cells", "key", "lifted")

    def __init__(self, key: RowKey) -> None:
        self.key = key
        self.cells: dict[str, list[Laying]] = {}
        self.lifted: tuple[Lifted, ...] = ()

    def lay(self, field: str, laying: Laying) -> None:
        cell = self.cells.get(field)
        if cell is None:
            self.cells[field] = [laying]
        else:
            insort(cell, laying, key=_order)

    def lift(self, root: int, *, at: int) -> bool:
        """Lift what a root event and its corrections laid. Returns whether there was anything."""
        lifted = [
            Lifted(field, laying, at) for field, cell in self.cells.items() for laying in cell if laying.root == root
        ]
        self._keep(lambda laying: laying.root != root)
        self.lifted = (*self.lifted, *sorted(lifted))
        return bool(lifted)

    def take_back(self, by: int) -> None:
        """Undo what the event at index `by` laid and lifted, as if it had never come."""
        self._keep(lambda laying: laying.by != by)
        for field, laying, at in self.lifted:
            if at == by:
                self.lay(field, laying)
        self.lifted = tuple(each for each in self.lifted if each.at != by)

    def _keep(self, stays: Callable[[Laying], bool]) -> None:
        for field, cell in list(self.cells.items()):
            kept = [laying for laying in cell if stays(laying)]
            if kept:
                self.cells[field] = kept
            else:
                del self.cells[field]

    def value(self, field: str) -> Json:
        """The value that stands, None where there is none (or where the event said that there is none)."""
        cell = self.cells.get(field)
        return cell[-1].value if cell else None

    def root(self, field: str) -> int | None:
        """Index of the event that set the field, None where no standing event did."""
        cell = self.cells.get(field)
        return cell[-1].root if cell else None

    def value_at(self, field: str, index: int) -> Json:
        """The value as it stood when the entry at `index` had been taken."""
        known = [laying for laying in self.cells.get(field, ()) if laying.by <= index]
        known += [each.laying for each in self.lifted if each.field == field and each.laying.by <= index < each.at]
        return max(known, key=_order).value if known else None

    def before(self, place: int) -> "Record":
        """The row as if no event from index `place` on had been said; corrections of earlier ones are in it."""
        if all(cell[-1].root < place for cell in self.cells.values()) and not self.lifted:
            return self
        earlier = Record(self.key)
        for field, cell in self.cells.items():
            kept = [laying for laying in cell if laying.root < place]
            if kept:
                earlier.cells[field] = kept
        earlier.lifted = tuple(each for each in self.lifted if each.laying.root < place)
        return earlier

    def without(self, root: int) -> "Record":
        """The row as if an event had never been said, nor corrected."""
        other = Record(self.key)
        other.cells, other.lifted = dict(self.cells), tuple(each for each in self.lifted if each.laying.root != root)
        other._keep(lambda laying: laying.root != root)
        return other

    def changed_by(self) -> set[int]:
        """Indexes of the entries that laid or lifted something of it."""
        laid = {laying.by for cell in self.cells.values() for laying in cell}
        return laid.union(*((each.laying.by, each.at) for each in self.lifted))

    def version(self, table: str, since: int) -> Version:
        return Version(
            table, self.key, since, {field: (cell[-1].by, cell[-1].value) for field, cell in self.cells.items()}
        )


def _order(laying: Laying) -> tuple[int, int]:
    return laying.root, laying.by
