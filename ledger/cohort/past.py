"""The database as it is seen from an earlier place of the log: for judging what is said anew of what was said there.

What was said from that place on is not there; of what was said before, what stands now is, as it was corrected since.
So a replacement is judged in the place of what it replaces: the target lifted, and what came after it unsaid. It may be
looked at with one event's cells replaced, to see what those that stand on it would find.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from ledger.cohort.cells import Laying, Record, RowKey, Set
from ledger.cohort.database import Database


class Past(Database):
    """Read only. place: the index that it is seen from. instead: an event and what it would set in place of its cells.

    Streams and register are those of the database itself.
    """

    def __init__(self, database: Database, place: int, *, instead: tuple[int, Sequence[Set]] | None = None) -> None:
        super().__init__()
        self.digest, self.streams, self.events = database.digest, database.streams, database.events
        self.standing = database.standing
        self._database = database
        self._place = place
        self._replaced = None if instead is None else instead[0]
        self._anew: dict[tuple[str, RowKey], list[Set]] = defaultdict(list)
        for each in () if instead is None else instead[1]:
            self._anew[each.table, each.key].append(each)
        self._seen: dict[tuple[str, RowKey], Record] = {}  # rules compare rows by which they are

    def index_of(self, event_id: str) -> int | None:
        return self._database.index_of(event_id)

    def about(self, node: str, case: str) -> Sequence[int]:
        return self._database.about(node, case)

    def row(self, table: str, key: RowKey) -> Record | None:
        record = self._seen.get((table, key))
        if record is None:
            record = self._seen[table, key] = self._look(table, key)
        return record if record.cells else None

    def rows(self, table: str) -> Iterable[Record]:
        return self._listed(table, ())

    def under(self, table: str, *prefix: str) -> Iterable[Record]:
        return self._listed(table, prefix)

    def _listed(self, table: str, prefix: tuple[str, ...]) -> Iterable[Record]:
        new = (key for of, key in self._anew if of == table and key[: len(prefix)] == prefix)
        keys = dict.fromkeys((*self._database.keys(table, prefix), *new))
        records = (self.row(table, key) for key in keys)
        return [record for record in records if record is not None]

    def _look(self, table: str, key: RowKey) -> Record:
        record = self._database.history(table, key) or Record(key)
        if self._replaced is not None:
            record = record.without(self._replaced)
            for _, _, field, value in self._anew.get((table, key), ()):
                record.lay(field, Laying(self._replaced, self._replaced, value))
        return record.before(self._place)
