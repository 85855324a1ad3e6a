"""The database in memory as bytes, and back: for whoever goes on later from where a replay came.

JSON, one document. It is nobody's evidence: it is read back by who wrote it, and kept from everybody else.
"""

from typing import Any

import orjson

from ledger.cohort.cells import Laying, Lifted, Record
from ledger.cohort.database import Database, Head, Registered
from ledger.errors import MalformedError
from ledger.signing.encoding import from_base64url, to_base64url
from ledger.signing.entry import format_time, parse_time


def dump_database(database: Database) -> bytes:
    """All that the database remembers, on one line."""
    return orjson.dumps(
        {
            "digest": to_base64url(database.digest),
            "streams": {node: [head.seq, to_base64url(head.hash)] for node, head in database.streams.items()},
            "events": [
                [
                    event.event_id,
                    event.node,
                    event.type,
                    format_time(event.received),
                    event.on,
                    event.synthetic,
                    event.stands_on,
                    event.case,
                    event.corrects,
                    event.retracts,
                    event.meaning,
                    event.version,
                    event.said.decode(),
                ]
                for event in database.events
            ],
            "rows": [[table, record.key, record.cells, record.lifted] for table, record in database.histories()],
        },
        default=tuple,  # what a cell holds are tuples with names
    )


def load_database(data: bytes) -> Database:
    """The database that was dumped. Raises MalformedError for bytes that are no dump."""
    try:
        told: Any = orjson.loads(data)
        database = Database()
        database.digest = from_base64url(told["digest"], size=32)
        database.streams = {
            node: Head(seq, from_base64url(hashed, size=32)) for node, (seq, hashed) in told["streams"].items()
        }
        events = (_registered(index, each) for index, each in enumerate(told["events"]))
        rows = ((table, _record(tuple(key), cells, lifted)) for table, key, cells, lifted in told["rows"])
        database.restore(events, rows)
    except (ValueError, KeyError, TypeError):
        raise MalformedError("not a dump of a database") from None
    return database


def _registered(index: int, told: list[Any]) -> Registered:
    event_id, node, type_, received, on, synthetic, stands_on, case, corrects, retracts, *more = told
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


def _record(key: tuple[str, ...], cells: dict[str, list[list[Any]]], lifted: list[list[Any]]) -> Record:
    record = Record(key)
    record.cells = {field: [Laying(*laying) for laying in layings] for field, layings in cells.items()}
    record.lifted = tuple(Lifted(field, Laying(*laying), at) for field, laying, at in lifted)
    return record
