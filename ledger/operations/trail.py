"""All that was said of one case, in the order of the log, with what was done to it later."""

from ledger.operations.changes import Changed, changes_in
from ledger.signing.envelope import parse_jws
from ledger.store.cells import amended_among, row_history
from ledger.store.engine import Connection
from ledger.store.entries import StoredEntry, find_entry, page_entries

_AT_A_TIME = 1_000  # entries


def trail_of(connection: Connection, node: str, case: str, *, size: int) -> list[StoredEntry]:
    """What a node said of a case, corrections and retractions among it. size: of the log at the moment asked about."""
    said: list[StoredEntry] = []
    while page := page_entries(
        connection, after=said[-1].index if said else -1, limit=_AT_A_TIME, node=node, case=case
    ):
        said += page
    said = [each for each in said if each.index < size]
    ids = [parse_jws(each.jws).claims.event_id for each in said]
    later = {index for done in amended_among(connection, ids, size=size).values() for index in done}
    amending = [entry for index in later if (entry := find_entry(connection, index=index)) is not None]
    return sorted((*said, *amending), key=lambda each: each.index)


def changes_by_entry(
    connection: Connection, rows: list[tuple[str, tuple[str, ...]]], *, size: int
) -> dict[int, list[Changed]]:
    """Index -> what that entry changed of these rows, each a table and a key."""
    found: dict[int, list[Changed]] = {}
    for table, key in rows:
        for each in changes_in(row_history(connection, table, key)):
            if each.index < size:
                found.setdefault(each.index, []).append(each)
    return found
