"""Which stored entries are erased: looked up from the rows of erasures, without the database in memory.

Only what is looked up stands here; what an erasure covers is said by `ledger.cohort.erasing`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, and_, select

from ledger.cohort.erasing import Coverage, Named, Told, named
from ledger.cohort.rows import Correction, Erasure
from ledger.store.cells import read_since, read_versions
from ledger.store.tables import entries

_AT_A_TIME = 500  # values in a statement


def erased_events(conn: Connection) -> dict[int, str]:
    """Index -> event id of every entry that the stored erasures cover, in order.

    Costs look-ups of what is named, and a pass over the corrections; nothing where nothing was erased.
    """
    erasures = stored_erasures(conn)
    if not erasures:
        return {}
    cases = {(each.node, each.case) for each in erasures if each.case is not None}
    found = {each.index: each for node, case in cases for each in case_events(conn, node, case)}
    found |= {each.index: each for each in _by_id(conn, [event for each in erasures for event in each.events])}
    found |= {each.index: each for each in corrections_of(conn, {each.event_id for each in found.values()})}
    coverage = Coverage(erasures)
    return {index: found[index].event_id for index in sorted(found) if coverage.covers(found[index])}


def stored_erasures(conn: Connection) -> list[Named]:
    """All erasures so far, in no order."""
    return [
        named(version.since, version.key[0], case=version.fields["case"][1], events=version.fields["events"][1])
        for version in read_versions(conn, tables=(Erasure.TABLE,))
    ]


def has_erasure_from(conn: Connection, start: int) -> bool:
    """Whether an erasure is stored at the index `start` or behind it."""
    return any(True for _ in read_since(conn, Erasure.TABLE, start))


def case_events(conn: Connection, node: str, case: str) -> Iterator[Told]:
    """What a node said of a case, and its erasures; corrections, which name an event, are left out."""
    return _told(conn, and_(entries.c.node == node, entries.c.case == case))


def corrections_of(conn: Connection, events: Iterable[str]) -> Iterator[Told]:
    """The corrections and retractions of events, by their ids."""
    named_ids = frozenset(events)
    targets = {
        version.key[1]: target
        for version in read_versions(conn, tables=(Correction.TABLE,))
        if (target := version.fields["target"][1]) in named_ids
    }
    for each in _by_id(conn, list(targets)):
        yield replace(each, corrects=str(targets[each.event_id]))


def _by_id(conn: Connection, ids: Sequence[str]) -> Iterator[Told]:
    for start in range(0, len(ids), _AT_A_TIME):
        yield from _told(conn, entries.c.event_id.in_(ids[start : start + _AT_A_TIME]))


def _told(conn: Connection, where: ColumnElement[bool]) -> Iterator[Told]:
    columns = (entries.c[name] for name in ("index", "event_id", "node", "case"))
    for index, event_id, node, case in conn.execute(select(*columns).where(where).order_by(entries.c.index)):
        yield Told(index, event_id, node, case, None)
