"""How a ledger stands: its log, who watches it, where each stream is, and what is stored of the database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from ledger.cohort.callers import Granted
from ledger.cohort.database import Database
from ledger.cohort.memorandum import Memorandum
from ledger.cohort.witnesses import Cosignature, cosignatures_on
from ledger.errors import LedgerError, SignatureError
from ledger.operations.hub import Hub
from ledger.operations.log_keys import stored_log_keys
from ledger.operations.watch import stored_witnesses
from ledger.replay import key_in_force
from ledger.signing.checkpoint import Checkpoint, database_origin, read_checkpoint
from ledger.signing.encoding import to_base64, to_base64url
from ledger.store.checkpoints import kept_checkpoints
from ledger.store.engine import reading, schema_of
from ledger.store.entries import find_entry
from ledger.store.head import Head, read_head


@dataclass(frozen=True, slots=True)
class Watch:
    """One witness. keys: its verifier keys. size, at: of the log that it cosigned last as it is stored here, and when
    it says that it did; None where nothing of it is.
    """

    name: str
    keys: tuple[str, ...]
    size: int | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Stream:
    """Where a node's stream stands. seq, hash: of its last envelope, None before its first. key: thumbprint of the key
    in force, None where the node was removed; since: index of the event that brought it, None for a founding key that
    signed nothing yet.
    """

    node: str
    country: str
    seq: int | None
    hash: str | None
    key: str | None
    since: int | None


@dataclass(frozen=True, slots=True)
class Log:
    """received: of the last entry, RFC 3339, None for a log without one. root: base64, under the newest checkpoint.
    published, witnessed: entries under it, and under the one that enough witnesses cosigned. needed: how many that is.
    kept: earlier checkpoints in the archive. keys: verifier keys of the log that are in force.
    """

    size: int
    received: str | None
    root: str | None
    published: int
    witnessed: int
    needed: int
    witnesses: tuple[Watch, ...]
    kept: int
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Projection:
    """digest: base64, of the database that the first `size` entries add up to, as the hub signs it; None before the
    first is published. schema: the database's revision. replica: in words; None where there is none.
    """

    size: int
    digest: str | None
    schema: str
    replica: str | None


def log_of(hub: Hub) -> Log:
    with reading(hub.engine) as connection:
        head = read_head(connection)
        last = find_entry(connection, index=head.size - 1)
        witnesses = stored_witnesses(connection, head.published)
        keys = tuple(each.verifier.text for each in stored_log_keys(connection, head.published))
        kept = sum(1 for _ in kept_checkpoints(connection))
    checkpoint = _checkpoint(head.checkpoint, hub.memorandum)
    cosigned: dict[str, tuple[int, Cosignature]] = {}
    for note in (head.witnessed, head.checkpoint):  # the newest counts
        found = _checkpoint(note, hub.memorandum)
        if note is not None and found is not None:
            _, parsed = read_checkpoint(note, hub.memorandum.log_key)
            cosigned |= {each.witness: (found.size, each) for each in cosignatures_on(parsed, witnesses)}
    return Log(
        size=head.size,
        received=None if last is None else last.received,
        root=None if checkpoint is None else to_base64(checkpoint.root),
        published=head.published,
        witnessed=head.witnessed_size,
        needed=hub.witnessing.needed(len(witnesses)),
        witnesses=tuple(
            Watch(each.name, tuple(key.text for key in each.verifiers), *_last(cosigned.get(each.name)))
            for each in witnesses
        ),
        kept=kept,
        keys=(hub.memorandum.log_key.text, *keys),
    )


def streams_of(hub: Hub) -> tuple[Stream, ...]:
    """Of every node that signed anything or is named by the memorandum, by name."""
    return hub.appender.look(lambda memorandum, database: tuple(_streams(memorandum, database)))


def grants_of(hub: Hub) -> tuple[Granted, ...]:
    """All that were ever given, those that were revoked or are over among them; oldest first."""
    return tuple(sorted(hub.callers.known().grants, key=lambda each: each.index))


def projection_of(hub: Hub) -> Projection:
    with reading(hub.engine) as connection:
        head = read_head(connection)
    digest = _checkpoint(head.digest_note, hub.memorandum, origin=database_origin(hub.memorandum.origin))
    size, root = (0, None) if digest is None else (digest.size, to_base64(digest.root))
    return Projection(size, root, schema_of(hub.engine), _replica(hub, head))


def _replica(hub: Hub, head: Head) -> str | None:
    if hub.reads.replica is None:
        return None
    try:
        with reading(hub.reads.replica) as connection:
            behind = head.published - read_head(connection).published
    except LedgerError:
        return "does not answer: what is read is read where it is written"
    return "has all that is published" if behind <= 0 else f"is {behind} entries behind"


def _streams(memorandum: Memorandum, database: Database) -> Iterator[Stream]:
    countries = {member.node: member.country for member in memorandum.members}
    countries |= {record.key[0]: str(record.value("country")) for record in database.rows("nodes")}
    for node in sorted({*countries, *database.streams}):
        head = database.streams.get(node)
        seq, said = (None, None) if head is None else (head.seq, to_base64url(head.hash))
        key, since = _key(memorandum, database, node)
        yield Stream(node, countries.get(node, ""), seq, said, key, since)


def _key(memorandum: Memorandum, database: Database, node: str) -> tuple[str | None, int | None]:
    try:
        key = key_in_force(memorandum, database, node)
    except SignatureError:
        return None, None  # no member any more
    brought = database.row("keys", (node, key))
    signed = database.row("nodes", (node,))
    return key, (brought.root("jwk") if brought else signed.root("signed_on") if signed else None)


def _checkpoint(note: bytes | None, memorandum: Memorandum, *, origin: str | None = None) -> Checkpoint | None:
    return None if note is None else read_checkpoint(note, memorandum.log_key, origin=origin)[0]


def _last(found: tuple[int, Cosignature] | None) -> tuple[int | None, datetime | None]:
    return (None, None) if found is None else (found[0], datetime.fromtimestamp(found[1].time_s, UTC))
