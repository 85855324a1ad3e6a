"""The shared cohort database in memory: rows by key, each node's stream, and the register of events.

It only remembers. What an event means is said by `ledger.events`, in which order things happen by `ledger.replay`.
Every entry that was taken can be given back, last first, so that a refused post leaves no trace.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from ledger.cohort.cells import Laying, Record, RowKey, Set, Version
from ledger.cohort.digest import START, next_digest
from ledger.cohort.lazily import Lazily
from ledger.cohort.standing import Standing


class Head(NamedTuple):
    """The last envelope of a node's stream. hash: SHA-256 of its JWS, 32 bytes."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Registered:
    """What the register keeps of an event.

    received: the hub's time; on: the day the node stated, where the type has one; synthetic: made up, and says so;
    stands_on: indexes of the events that it needs; of a correction, of what it corrects and what the replacement needs.
    case: the handle of the patient that it is about, where it is; corrects: index of the event that it corrects or
    retracts, where it does; retracts: which of the two; meaning: what its signature means then (authored, reviewed or
    approved). version: of the type's schema. said: its clear fields, as canonical JSON. Of these, `stands_on`,
    `corrects`, `retracts`, `version` and `said` are nothing in a register that was read back from a store.
    """

    index: int
    event_id: str
    node: str
    type: str
    received: datetime
    on: str | None
    synthetic: bool
    stands_on: tuple[int, ...] = ()
    case: str | None = None
    corrects: int | None = None
    retracts: bool = False
    meaning: str | None = None
    version: int = 1
    said: bytes = field(default=b"", repr=False)


@dataclass(slots=True)  # not frozen: those are slow to make, and there may be a million
class Known:
    """What is at hand of every event, however long ago it was: see `Registered`."""

    index: int
    event_id: str
    node: str
    case: str | None
    stands_on: tuple[int, ...]
    corrects: int | None
    retracts: bool


class Taken(NamedTuple):
    """What taking one entry did: the row versions that it made, and the digest with them (32 bytes)."""

    event: Registered
    versions: tuple[Version, ...]
    digest: bytes
    head_before: Head | None
    digest_before: bytes


class Database:
    """Rows, streams and register after `size` entries; `digest` is the digest chain's value there."""

    def __init__(self) -> None:
        self.digest: bytes = START
        self.streams: dict[str, Head] = {}
        self.events: Lazily[Registered] = Lazily()
        self.standing = Standing()
        self._set_in: list[tuple[tuple[str, Record], ...]] = []  # by index: the rows that the entry changed
        self._index_of: dict[str, int] = {}
        self._about: dict[tuple[str, str], list[int]] = {}  # by node and case: what the node said of it
        self._rows: dict[str, dict[RowKey, Record]] = {}
        # by table, and what a key begins with: made for a table once it is asked for, which of most it never is
        self._under: dict[str, dict[RowKey, dict[RowKey, Record]]] = {}

    @property
    def size(self) -> int:
        return len(self.events)

    @property
    def received(self) -> datetime | None:
        """When the last entry was received; None while there is none."""
        return self.events[-1].received if self.events else None

    def index_of(self, event_id: str) -> int | None:
        return self._index_of.get(event_id)

    def about(self, node: str, case: str) -> Sequence[int]:
        """Indexes of the events in which a node spoke of a case, corrections and retractions among them."""
        return self._about.get((node, case), ())

    def row(self, table: str, key: RowKey) -> Record | None:
        record = self._rows.get(table, {}).get(key)
        return record if record is not None and record.cells else None

    def rows(self, table: str) -> Iterable[Record]:
        return [record for record in self._rows.get(table, {}).values() if record.cells]

    def under(self, table: str, *prefix: str) -> Iterable[Record]:
        """The rows whose key begins with these parts (at least one, not all of them), oldest first."""
        return [record for record in self._beginning(table, prefix).values() if record.cells]

    def take(self, event: Registered, sets: Iterable[Set], *, head: Head, replacement: Iterable[Set] = ()) -> Taken:
        """Set an event's cells as entry `event.index`, which must be the next one, and extend the digest chain.

        Where it corrects or retracts another, that one's cells are lifted first. replacement: what a correction lays in
        their place.
        """
        assert event.index == self.size
        head_before, digest_before = self.streams.get(event.node), self.digest
        touched: dict[tuple[str, RowKey], Record] = {}
        if event.corrects is not None:
            touched |= self._lift(event.corrects, at=event.index)
            self._lay(replacement, touched, root=event.corrects, by=event.index)
        self._lay(sets, touched, root=event.index, by=event.index)
        versions = tuple(record.version(table, event.index) for (table, _), record in touched.items())
        self.streams[event.node] = head
        self.events.append(event)
        self._know(event)
        self._set_in.append(tuple((table, record) for (table, _), record in touched.items()))
        self.digest = next_digest(self.digest, versions)
        return Taken(event, versions, self.digest, head_before, digest_before)

    def give_back(self, taken: Taken) -> None:
        """Undo the last entry, exactly: the database is again what it was before `take`."""
        event = self.events[-1]
        assert event == taken.event
        self.standing.take_back(event)
        del self._index_of[event.event_id]
        if event.case is not None:
            of_case = self._about[event.node, event.case]
            of_case.pop()
            if not of_case:
                del self._about[event.node, event.case]
        self.events.pop()
        for table, record in self._set_in.pop():
            record.take_back(event.index)
            if not record.cells and not record.lifted:
                self._forget(table, record.key)
        if taken.head_before is None:
            del self.streams[event.node]
        else:
            self.streams[event.node] = taken.head_before
        self.digest = taken.digest_before

    def versions(self) -> Iterator[tuple[str, Record]]:
        """Every row that is listed, with its table."""
        return ((table, record) for table, record in self.histories() if record.cells)

    def history(self, table: str, key: RowKey) -> Record | None:
        """A row with all that was ever laid on it, listed or not."""
        return self._rows.get(table, {}).get(key)

    def keys(self, table: str, prefix: tuple[str, ...]) -> Iterable[RowKey]:
        """The keys that begin so (all of a table's, where `prefix` is empty) of rows that ever were listed."""
        return self._beginning(table, prefix) if prefix else self._rows.get(table, {})

    def histories(self) -> Iterator[tuple[str, Record]]:
        """Every row that ever was listed, with its table."""
        for table, records in self._rows.items():
            for record in records.values():
                yield table, record

    def set_in(self, index: int) -> Sequence[tuple[str, Record]]:
        """The rows that an entry changed, with their tables; in the order in which it came to them."""
        return self._set_in[index]

    def restore(
        self,
        events: Iterable[Known],
        told: Iterable[bytes],
        make: Callable[[bytes], Registered],
        *,
        rows: Iterable[tuple[str, Record]],
        set_in: Iterable[tuple[tuple[str, Record], ...]],
    ) -> None:
        """Add entries that another database took after those that are here. told: what `make` makes each event of, once
        it is asked for. rows: those that are new with these entries, in the order in which they came. set_in: as above.
        """
        for event in events:
            self._know(event)
        self.events.extend_unmade(told, make)
        for table, record in rows:
            self._list(table, record)
        self._set_in.extend(set_in)

    def _know(self, event: Known | Registered) -> None:
        self.standing.add(event)
        self._index_of[event.event_id] = event.index
        if event.case is not None:
            self._about.setdefault((event.node, event.case), []).append(event.index)

    def _lift(self, root: int, *, at: int) -> dict[tuple[str, RowKey], Record]:
        """Lift what an event and its corrections laid; the rows that had any of it."""
        laid = [row for index in (root, *self.standing.corrections_of(root)) for row in self._set_in[index]]
        return {(table, record.key): record for table, record in laid if record.lift(root, at=at)}

    def _lay(self, sets: Iterable[Set], touched: dict[tuple[str, RowKey], Record], *, root: int, by: int) -> None:
        for table, key, name, value in sets:
            record = touched.get((table, key))
            if record is None:
                record = touched[table, key] = self._record(table, key)
            record.lay(name, Laying(root, by, value))

    def _record(self, table: str, key: RowKey) -> Record:
        record = self._rows.get(table, {}).get(key)
        if record is None:
            record = Record(key)
            self._list(table, record)
        return record

    def _beginning(self, table: str, prefix: RowKey) -> Mapping[RowKey, Record]:
        under = self._under.get(table)
        if under is None:
            under = self._under[table] = {}
            for record in self._rows.get(table, {}).values():
                _add(under, record)
        return under.get(prefix, {})

    def _list(self, table: str, record: Record) -> None:
        self._rows.setdefault(table, {})[record.key] = record
        if table in self._under:
            _add(self._under[table], record)

    def _forget(self, table: str, key: RowKey) -> None:
        del self._rows[table][key]
        under = self._under.get(table)
        if under is None:
            return
        for length in range(1, len(key)):
            below = under[key[:length]]
            del below[key]
            if not below:
                del under[key[:length]]


def _add(under: dict[RowKey, dict[RowKey, Record]], record: Record) -> None:
    key = record.key
    for length in range(1, len(key)):
        under.setdefault(key[:length], {})[key] = record
