"""The database in memory as bytes, and back: for whoever goes on later from where a replay came.

It is nobody's evidence: it is read back by who wrote it, and kept from everybody else. A dump holds what some entries
brought, so that several in a row are the whole. Its first line is JSON that is read at once: what is looked up by. Then
each event has a line, and each row that these entries changed, as they left it. Of a long history most is never asked
for again, so these lines are read when they are.
"""

from collections.abc import Iterable, Iterator
from sys import intern
from typing import Any

import orjson

from ledger.cohort.cells import Laying, Lifted, Record, RowKey
from ledger.cohort.database import Database, Head, Known, Registered
from ledger.errors import MalformedError
from ledger.signing.encoding import from_base64url, to_base64url
from ledger.signing.entry import format_time, parse_time


class Dumped(Record):
    """A row that was dumped: its cells are read once they are asked for."""

    __slots__ = ("line",)

    def __init__(self, key: RowKey, line: bytes) -> None:  # its cells are none yet, on purpose
        self.key = key
        self.line: bytes | None = line

    def __getattr__(self, name: str) -> Any:
        """What is not there yet; never called for what is."""
        if name not in ("cells", "lifted") or self.line is None:
            raise AttributeError(name)
        cells, lifted = orjson.loads(self.line)
        self.cells = {field: [Laying(*laying) for laying in layings] for field, layings in cells.items()}
        self.lifted = tuple(Lifted(field, Laying(*laying), at) for field, laying, at in lifted)
        self.line = None
        return getattr(self, name)


def dump_database(database: Database, start: int = 0) -> bytes:
    """What the entries from index `start` on brought, as far as the database has come."""
    numbers: dict[int, int] = {}  # of the rows that they changed, by which row it is
    changed: list[tuple[str, Record]] = []
    set_in: list[list[int]] = []
    for index in range(start, database.size):
        for table, record in database.set_in(index):
            if id(record) not in numbers:
                numbers[id(record)] = len(changed)
                changed.append((table, record))
        set_in.append([numbers[id(record)] for _, record in database.set_in(index)])
    events = database.events[start:] if start else database.events
    first = {
        "start": start,
        "digest": to_base64url(database.digest),
        "streams": {node: [head.seq, to_base64url(head.hash)] for node, head in database.streams.items()},
        "events": [
            [event.event_id, event.node, event.case, event.stands_on, event.corrects, event.retracts]
            for event in events
        ],
        "rows": [[table, record.key] for table, record in changed],
        "set_in": set_in,
    }
    lines = [orjson.dumps(first), *map(_event_line, events), *(_row_line(record) for _, record in changed)]
    return b"\n".join(lines)


def load_database(data: bytes) -> Database:
    """The database that was dumped, from its first entry on. Raises MalformedError for bytes that are no dump."""
    database = Database()
    load_more(database, data)
    return database


def load_more(database: Database, data: bytes) -> None:
    """Add what was dumped to what was dumped before it. Raises MalformedError for bytes that are no such dump; the
    database is of no use then.
    """
    try:
        first, *lines = data.split(b"\n")
        told: Any = orjson.loads(first)
        events, start = told["events"], told["start"]
        if start != database.size or len(lines) != len(events) + len(told["rows"]):
            raise MalformedError("not the dump that follows")
        listed, new = _rows(database, told["rows"], lines[len(events) :])
        database.restore(
            _known(start, events),
            lines[: len(events)],
            _registered,
            rows=new,
            set_in=[tuple([listed[row] for row in rows]) for rows in told["set_in"]],
        )
        database.digest = from_base64url(told["digest"], size=32)
        database.streams = {
            node: Head(seq, from_base64url(hashed, size=32)) for node, (seq, hashed) in told["streams"].items()
        }
    except (ValueError, KeyError, TypeError, IndexError):
        raise MalformedError("not a dump of a database") from None


def _rows(
    database: Database, told: Iterable[tuple[str, list[str]]], lines: Iterable[bytes]
) -> tuple[list[tuple[str, Record]], list[tuple[str, Record]]]:
    """The rows that were changed, and those of them that are new. What is known of a row before is said again whole."""
    listed: list[tuple[str, Record]] = []
    new: list[tuple[str, Record]] = []
    for (table, parts), line in zip(told, lines, strict=True):
        key = tuple(map(intern, parts))
        known = database.history(table, key)
        row: tuple[str, Record]
        if known is None:
            row = intern(table), Dumped(key, line)
            new.append(row)
        else:
            if not isinstance(known, Dumped) or known.line is None:
                raise MalformedError("a row was changed since it was loaded")
            known.line = line
            row = table, known
        listed.append(row)
    return listed, new


def _known(start: int, told: Iterable[list[Any]]) -> Iterator[Known]:
    for index, (event_id, node, case, stands_on, corrects, retracts) in enumerate(told, start):
        of_case = None if case is None else intern(case)
        yield Known(index, intern(event_id), intern(node), of_case, tuple(stands_on), corrects, retracts)


def _event_line(event: Registered) -> bytes:
    told = (
        event.index, event.event_id, event.node, event.type, format_time(event.received), event.on, event.synthetic,
        event.stands_on, event.case, event.corrects, event.retracts, event.meaning, event.version, event.said.decode(),
    )  # fmt: skip
    return orjson.dumps(told)


def _registered(line: bytes) -> Registered:
    index, event_id, node, type_, received, on, synthetic, stands_on, case, corrects, retracts, *more = orjson.loads(
        line
    )
    meaning, version, said = more
    return Registered(
        index=index,
        event_id=event_id,
        node=node,
        type=type_,
        received=parse_time(received),
        on=on,
        synthetic=synthetic,
        stands_on=tuple(stands_on),
        case=case,
        corrects=corrects,
        retracts=retracts,
        meaning=meaning,
        version=version,
        said=said.encode(),
    )


def _row_line(record: Record) -> bytes:
    if isinstance(record, Dumped) and record.line is not None:
        return record.line
    return orjson.dumps((record.cells, record.lifted), default=tuple)  # what a cell holds are tuples with names
