"""The main path: a post becomes entries, rows, tiles and vault, in one transaction, or nothing does.

The appender holds the database in memory, so rules cost no SQL. It catches up where another process has appended, and
throws its memory away where a transaction failed: what is stored is the only truth.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from ledger.cohort.database import Database, Head, Taken
from ledger.cohort.erasing import covered
from ledger.cohort.memorandum import Memorandum
from ledger.cohort.rows import Erasure
from ledger.errors import (
    ConflictError,
    LedgerError,
    MalformedError,
    RefusedError,
    RuleError,
    SignatureError,
    TamperedError,
)
from ledger.events.base import Recorded
from ledger.merkle.hashing import leaf_hash
from ledger.merkle.tiles import extend_tiles
from ledger.operations.gate import Kind, check_post
from ledger.operations.kept_database import KeptDatabase
from ledger.operations.uncollected import uncollected
from ledger.replay import key_in_force, key_of, step
from ledger.signing import envelope as envelopes
from ledger.signing.entry import format_time, parse_time
from ledger.signing.envelope import REPLACEMENT, Envelope
from ledger.signing.note import NoteSigner
from ledger.signing.refusal import Refusal, sign_refusal
from ledger.store.cells import write_versions
from ledger.store.engine import Connection, Engine, empty_write_ahead, reading, writing
from ledger.store.entries import NewEntry, StoredEntry, append_entries, find_entry, read_entries
from ledger.store.head import advance, read_head
from ledger.store.tiles import read_tile, write_tiles
from ledger.store.vault import Sealed, Vault

_Seen = TypeVar("_Seen")

POST_ENVELOPES_MAX = 1_000
POST_BYTES_MAX = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Posted:
    """Where an envelope of a post stands in the log. is_new: False for a repost of what was there before."""

    index: int
    is_new: bool


@dataclass
class Appender:
    """One ledger's writer. vault: where disclosures go; signer: the log's key; now: the hub's clock; draw:
    gives 32 random bytes, a key for each event that has something sealed; kept: what a start need not replay.
    """

    engine: Engine
    memorandum: Memorandum
    vault: Vault
    signer: NoteSigner
    now: Callable[[], datetime]
    draw: Callable[[], bytes]
    kept: KeptDatabase
    _database: Database | None = None
    _doomed: dict[str, None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def append(self, post: Sequence[str]) -> list[Posted]:
        """Admit a post, all of it or nothing.

        post: up to 1,000 envelopes with their disclosures, in order, 8 MiB together. Returns a place for each.

        Raises MalformedError, SignatureError, GateError, ConflictError or RuleError, with the number of the envelope
        in the post as the fact `place`; the last two carry the hub's signed `refusal` too. Nothing is stored then.
        """
        # 1. parse
        parsed = _parse(post)
        with self._lock:
            # 2. verify signatures, under keys that the nodes have brought
            database = self._caught_up()
            verified = [self._verify_early(database, place, envelope) for place, envelope in enumerate(parsed)]
            # 3. the posting gate, for what is verified and was not taken before: it may cost more than a signature
            for place, envelope in enumerate(parsed):
                if verified[place] and database.index_of(envelope.claims.event_id) is None:
                    target = _target(database, envelope)
                    if target is None and REPLACEMENT in envelope.claims.data:
                        verified[place] = False  # what it corrects may come before it in this post, or meanwhile
                        continue
                    with _at(place):
                        check_post(envelope, target)
            # 4. the rest under the writer's lock
            try:
                with writing(self.engine) as connection:
                    places, erased = self._admit(connection, parsed, verified)
            except RefusedError:
                raise  # the memory was put back as it was
            except BaseException:
                self._database = None
                raise
            # 5. the keys of what is erased now; a crash before this is healed at the next start
            self._doomed |= dict.fromkeys(erased)
            self._destroy()
            return places

    def _destroy(self) -> None:
        """Destroy the keys of what was erased, also those that an earlier try could not; nothing of it is left in the
        write-ahead file but what a reader keeps there, and that is ciphertext without a key.
        """
        if self._doomed:
            self.vault.destroy_keys(self._doomed)
            self._doomed = {}
            empty_write_ahead(self.engine)

    def _verify_early(self, database: Database, place: int, envelope: Envelope) -> bool:
        """Check a signature before the writer's lock is taken; False where an envelope before it may bring the key."""
        claims = envelope.claims
        with _at(place):
            try:
                key = key_of(self.memorandum, database, claims.node, envelope.jws.kid)
            except SignatureError:
                if place == 0:
                    raise
                return False
            envelopes.verify(envelope, key)
        return True

    def size(self) -> int:
        """How many entries are stored."""
        with self._lock:
            return self._caught_up().size

    def digest(self) -> bytes:
        """The digest of the cohort database as it is stored, 32 bytes."""
        with self._lock:
            return self._caught_up().digest

    def look(self, at: Callable[[Memorandum, Database], _Seen]) -> _Seen:
        """What a function finds in the database as it is stored; it must keep nothing of it that changes."""
        with self._lock:
            return at(self.memorandum, self._caught_up())

    def stream_of(self, node: str) -> tuple[Head | None, str]:
        """The last envelope of a node's stream, None before its first, and the thumbprint of its key in force.

        Raises SignatureError where nothing admits such a node.
        """
        with self._lock:
            database = self._caught_up()
            return database.streams.get(node), key_in_force(self.memorandum, database, node)

    def _admit(
        self, connection: Connection, post: Sequence[Envelope], verified: Sequence[bool]
    ) -> tuple[list[Posted], list[str]]:
        """Returns the places, and the ids of the events that the post erases."""
        # 4.1 fold what another process appended meanwhile: keys, seq and prev are judged as they are now
        database = self._catch_up(connection)
        now = self.now()
        received = max(now, database.received or now)
        taken: list[Taken] = []
        new: list[Envelope] = []
        places: list[Posted] = []
        erased: frozenset[int] = frozenset()
        try:
            for place, envelope in enumerate(post):
                with _at(place):
                    known = _known_before(connection, database, envelope, new)
                    if known is not None:
                        places.append(Posted(known, is_new=False))
                        continue
                    if not verified[place]:
                        key = key_of(self.memorandum, database, envelope.claims.node, envelope.jws.kid)
                        envelopes.verify(envelope, key)
                        check_post(envelope, _target(database, envelope))
                    # 4.2 needs, rule, cells, digest
                    entry = Recorded.of(envelope, index=database.size, received=received)
                    taken.append(step(self.memorandum, database, entry))
                    new.append(envelope)
                    places.append(Posted(entry.index, is_new=True))
            if new:
                erased = _erased_by(database, taken)
                self._store(connection, taken, new, received, erased)
        except RefusedError as refused:
            for each in reversed(taken):
                database.give_back(each)
            if isinstance(refused, ConflictError | RuleError):
                self._sign_refusal(refused, post, size=database.size, received=received)
            raise
        return places, [database.events[index].event_id for index in sorted(erased)]

    def _store(
        self,
        connection: Connection,
        taken: Sequence[Taken],
        envelopes_taken: Sequence[Envelope],
        received: datetime,
        erased: frozenset[int],
    ) -> None:
        # 4.3 the vault's keys first: one that nothing was sealed with harms nobody, the other way round loses values
        start = taken[0].event.index
        sealed = [
            Sealed(each.event.index, each.event.event_id, "~".join(one.text for one in envelope.disclosures))
            for each, envelope in zip(taken, envelopes_taken, strict=True)
            if envelope.disclosures and each.event.index not in erased
        ]
        self.vault.put_keys({each.event_id: self.draw() for each in sealed})
        # 4.4 entries, tiles, rows, head, and that what is erased is gone: durable together, with the commit
        entries = [
            NewEntry(
                StoredEntry(each.event.index, format_time(received), envelope.jws.text, each.digest),
                envelope.claims,
                each.event,
            )
            for each, envelope in zip(taken, envelopes_taken, strict=True)
        ]
        append_entries(connection, entries)
        self.vault.seal(connection, sealed)
        self.vault.erase(connection, sorted(erased))
        leaves = [leaf_hash(new.stored.leaf) for new in entries]
        write_tiles(connection, extend_tiles(start, leaves, lambda level, n: read_tile(connection, level, n)))
        write_versions(connection, (version for each in taken for version in each.versions))
        advance(connection, start + len(taken))

    def _caught_up(self) -> Database:
        with reading(self.engine) as connection:
            return self._catch_up(connection)

    def _catch_up(self, connection: Connection) -> Database:
        """The database in memory as of what is stored; what is not kept of it is replayed, without signature checks."""
        database, self._database = self._database, None  # until it is whole: what is not as stored must alarm each time
        size = read_head(connection).size
        with uncollected(for_good=database is None):
            database = self.kept.load(connection, size) if database is None else database
            self.kept.keep(connection, database)
            for stored in read_entries(connection, database.size, size):
                self._fold(database, stored)
                self.kept.keep(connection, database)
        self._database = database
        return database

    def _fold(self, database: Database, stored: StoredEntry) -> None:
        try:
            taken = step(self.memorandum, database, recorded(stored))
        except RefusedError as error:
            raise TamperedError(
                f"entry {stored.index} is none that was admitted: {error}", index=stored.index
            ) from None
        if taken.digest != stored.digest:
            raise TamperedError(f"entry {stored.index} was stored with another digest", index=stored.index)

    def _sign_refusal(self, refused: RefusedError, post: Sequence[Envelope], *, size: int, received: datetime) -> None:
        """Sign what was refused and why, so that a false refusal convicts the hub."""
        place = refused.facts["place"]
        assert isinstance(place, int)
        refusal = Refusal(
            origin=self.memorandum.origin,
            size=size,
            received=received,
            envelope=post[place].hash,
            before=tuple(each.hash for each in post[:place]),
            reason=str(refused),
        )
        refused.with_facts(refusal=sign_refusal(refusal, self.signer))


def recorded(stored: StoredEntry) -> Recorded:
    """A stored entry as the fold takes it. Raises TamperedError where it is none that was ever admitted."""
    try:
        envelope = envelopes.parse_jws(stored.jws)
        return Recorded.of(envelope, index=stored.index, received=parse_time(stored.received))
    except MalformedError as error:
        raise TamperedError(f"entry {stored.index} was altered: {error}", index=stored.index) from None


def _erased_by(database: Database, taken: Sequence[Taken]) -> frozenset[int]:
    """What the erasures among these entries cover, of these and of all before."""
    keys = [version.key for each in taken for version in each.versions if version.table == Erasure.TABLE]
    rows = [database.row(Erasure.TABLE, key) for key in keys]
    return frozenset().union(*(covered(database, row) for row in rows if row is not None))


@contextmanager
def _at(place: int) -> Iterator[None]:
    """Tell an error which envelope of the post it is about."""
    try:
        yield
    except LedgerError as error:
        raise error.with_facts(place=place) from None


def _parse(post: Sequence[str]) -> list[Envelope]:
    if not 1 <= len(post) <= POST_ENVELOPES_MAX:
        raise MalformedError(f"a post has 1 to {POST_ENVELOPES_MAX} envelopes, this one {len(post)}")
    if sum(map(len, post)) > POST_BYTES_MAX:
        raise MalformedError(f"a post has at most {POST_BYTES_MAX} bytes: send it in parts")
    parsed = []
    for place, text in enumerate(post):
        with _at(place):
            parsed.append(envelopes.parse(text))
    return parsed


def _target(database: Database, envelope: Envelope) -> Kind | None:
    """The kind of event that a correction corrects, None where the log has no such event."""
    named = envelope.claims.data.get("event")
    index = database.index_of(named) if isinstance(named, str) else None
    return None if index is None else Kind(database.events[index].type, database.events[index].version)


def _known_before(
    connection: Connection, database: Database, envelope: Envelope, new: Sequence[Envelope]
) -> int | None:
    """The index of the same header and payload, taken before; not every algorithm signs alike twice.

    new: what this post has brought so far, not stored yet.
    """
    index = database.index_of(envelope.claims.event_id)
    if index is None:
        return None
    place = index - (database.size - len(new))
    if place >= 0:
        taken = new[place].jws.text
    else:
        stored = find_entry(connection, index=index)
        taken = stored.jws if stored else ""
    signed = envelope.jws.signing_input.decode("ascii") + "."
    return index if taken.startswith(signed) else None  # another content under a known id: step refuses it
