"""Snapshots that were looked at lately, kept in memory; the next one is made from the nearest, by what changed between.

What may be kept, and why:

* What a log said up to an entry is so for ever. A snapshot is kept under the number of its entries, never under when it
  was asked for, or by whom: another process that appends makes the log longer, and so asks for another snapshot.
* An erasure is an entry, too. It takes nothing out of the snapshots before it, for there is nothing to take out: they
  hold commitments, as the stored rows do. What is opened is opened anew for each answer, and nothing here keeps it.
* What is computed from a snapshot alone goes with it (`Snapshot.made`). Who is shown how much of that is said later.
* Few are kept, and none of a log that is too long for this. Rows that did not change are the same in all of them.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import date
from threading import Lock

from ledger.cohort.snapshot import Snapshot
from ledger.operations.reading import Moment, last_index, snapshot_at, snapshot_from
from ledger.store.engine import Engine, reading

_Name = tuple[int, date | None]  # size, and the day that it is on


@dataclass
class KeptSnapshots:
    """Any number of threads may ask. entries_most: of a log whose snapshots are kept; most: how many of them are."""

    entries_most: int = 50_000
    most: int = 16
    _kept: OrderedDict[_Name, Snapshot] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)
    _first: Lock = field(default_factory=Lock)  # so that of many who come first, one reads it all

    def at(self, engine: Engine, moment: Moment) -> Snapshot | None:
        """The whole snapshot of a moment; None of a log that is too long, or has nothing by then.

        Raises NotFoundError, as `snapshot_at`.
        """
        with reading(engine) as connection:
            index = last_index(connection, moment)
        if not 0 <= index < self.entries_most:
            return None
        found = self._find((index + 1, moment.on))
        if found is None:
            whole = self._whole(engine, index)
            found = whole if moment.on is None else self._keep(whole.on(moment.on))
        return found

    def read(self, engine: Engine, moment: Moment) -> Snapshot:
        """The same, or what is read where none is kept."""
        return self.at(engine, moment) or snapshot_at(engine, moment)

    def _whole(self, engine: Engine, index: int) -> Snapshot:
        found = self._near(engine, index)
        if found is None:
            with self._first:
                found = self._near(engine, index) or self._keep(snapshot_at(engine, Moment(index)))
        return found

    def _near(self, engine: Engine, index: int) -> Snapshot | None:
        """From one that is kept, where that is less to read than all of it."""
        with self._lock:
            whole = [each for (_, day), each in self._kept.items() if day is None]
        nearest = min(whole, key=lambda each: abs(each.size - 1 - index), default=None)
        if nearest is None or abs(nearest.size - 1 - index) > index:
            return None
        if nearest.size == index + 1:
            return self._keep(nearest)
        with reading(engine) as connection:
            return self._keep(snapshot_from(connection, nearest, index))

    def _find(self, name: _Name) -> Snapshot | None:
        with self._lock:
            found = self._kept.get(name)
            if found is not None:
                self._kept.move_to_end(name)
            return found

    def _keep(self, snapshot: Snapshot) -> Snapshot:
        """Returns the one that is kept by now: of two that were made at a time, the first."""
        name = snapshot.size, snapshot.day
        with self._lock:
            found = self._kept.setdefault(name, snapshot)
            self._kept.move_to_end(name)
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)
            return found
