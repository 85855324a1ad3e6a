"""The log's keys: the founding document's, and the ones that resolutions brought in later.

The founding key stays: it is all that a reader has who knows the founding document and no more, so every note has its
signature. From the entry on that brings another key into force, the log signs with that one besides, and whoever
replays the log asks for both: who has stolen the founding key alone convinces no auditor any more.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ledger.cohort.database import Database
from ledger.cohort.view import resolutions_in_force
from ledger.errors import SignatureError
from ledger.signing.canonical import Json
from ledger.signing.note import Note, Verifier, verified

SUBJECT = "log-key"


class LogKey(NamedTuple):
    """since: index of the entry that brought it into force; larger logs are signed with it, too."""

    verifier: Verifier
    since: int


def log_keys_of(database: Database) -> tuple[LogKey, ...]:
    """Those that came after the founding one, of a database in memory."""
    records = resolutions_in_force(database, SUBJECT)
    return log_keys_named((record.value("content"), record.root("in_force_at")) for record in records)


def log_keys_named(resolved: Iterable[tuple[Json, int | None]]) -> tuple[LogKey, ...]:
    """Of the contents of resolutions on log keys, each with the index of the entry that brought it into force, or None;
    in the order in which they came into force.
    """
    found = []
    for content, since in resolved:
        match content:
            case {"verifier": str(verifier)} if since is not None:
                found.append(LogKey(Verifier.parse(verifier), since))
    return tuple(sorted(found, key=lambda key: key.since))


def key_at(keys: Sequence[LogKey], size: int) -> LogKey | None:
    """The one that a note on a log of this size is signed with besides the founding key, None before the first."""
    return next((key for key in reversed(keys) if key.since < size), None)


def check_signed(note: bytes, keys: Sequence[LogKey], size: int) -> LogKey | None:
    """Check that a note on a log of this size is signed with the key that was in force there, and return that.

    Raises SignatureError where it is not.
    """
    key = key_at(keys, size)
    if key is not None and not verified(Note.parse(note), [key.verifier]):
        raise SignatureError(
            f"the note over {size} entries is not signed with the log key {key.verifier.key_id.hex()}, which entry "
            f"{key.since} brought into force",
            expected=key.verifier.text,
        )
    return key
