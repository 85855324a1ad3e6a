"""What a hub tells of an event that was corrected or retracted: from its stored entries, as of a moment."""

from typing import NamedTuple

from ledger.errors import TamperedError
from ledger.reports.amendments import Amendment, Told, amendments, is_amendment
from ledger.signing import envelope as envelopes
from ledger.store.cells import amending
from ledger.store.engine import Connection
from ledger.store.entries import StoredEntry, find_entry


class History(NamedTuple):
    """original: the event itself, or the one that it corrects or retracts. done: all that was done to that one, until
    then.
    """

    original: StoredEntry
    done: tuple[Amendment, ...]


def history_of(connection: Connection, stored: StoredEntry, *, size: int) -> History:
    """What was done to an event, or by one that is itself a correction. size: of the log at the moment asked about.

    Sealed values are not opened.
    """
    claims = envelopes.parse_jws(stored.jws).claims
    original = _entry(connection, str(claims.data["event"])) if is_amendment(claims.type) else stored
    later = [
        _entry(connection, event) for event in amending(connection, envelopes.parse_jws(original.jws).claims.event_id)
    ]
    told = (_told(each) for each in sorted(later, key=lambda each: each.index) if each.index < size)
    return History(original, amendments(_told(original), told))


def _entry(connection: Connection, event_id: str) -> StoredEntry:
    stored = find_entry(connection, event_id=event_id)
    if stored is None:
        raise TamperedError(f"the event {event_id} is missing, and another is a correction of it")
    return stored


def _told(stored: StoredEntry) -> Told:
    return Told(stored.index, stored.received, envelopes.parse_jws(stored.jws))
