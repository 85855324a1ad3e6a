"""The main path: a post becomes entries, rows, tiles and vault, in one transaction, or nothing does.

The appender holds the database in memory, so rules cost no SQL. It catches up where another process has appended, and
throws its memory away where a transaction failed: what is stored is the only truth.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
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
from ledger.events.erasures import DisclosuresErased
from ledger.merkle.hashing import leaf_hash
from ledger.merkle.tiles import extend_tiles
from ledger.operations.admitting import Admitting, gate_early, target_of
from ledger.operations.erase import finish_erasures
from ledger.operations.gate import check_post
from ledger.operations.judges import FEW, Judges
from ledger.operations.judging import Begun, Candidate, Keys, Post, read_posts, size_fault
from ledger.operations.kept_database import KeptDatabase
from ledger.operations.uncollected import uncollected
from ledger.replay import key_in_force, key_of, known_keys, step
from ledger.signing import envelope as envelopes
from ledger.signing.entry import format_time, parse_time
from ledger.signing.keys import PublicKey
from ledger.signing.note import NoteSigner
from ledger.signing.refusal import Refusal, sign_refusal
from ledger.store.cells import write_versions
from ledger.store.engine import Connection, Engine, empty_write_ahead, reading, writing
from ledger.store.entries import NewEntry, StoredEntry, append_entries, read_entries
from ledger.store.head import advance, read_head
from ledger.store.moving import check_not_moved
from ledger.store.tiles import read_tile, write_tiles
from ledger.store.vault import Sealed, Vault

_Seen = TypeVar("_Seen")


@dataclass(frozen=True, slots=True)
class Posted:
    """Where an envelope of a post stands in the log, and what it is there. received: the hub's time. is_new: False for
    a repost of what was there before.
    """

    index: int
    is_new: bool
    received: datetime
    event_id: str
    node: str
    seq: int


@dataclass
class Appender:
    """One ledger's writer. vault: where disclosures go; signer: the log's key; now: the hub's clock; draw:
    gives 32 random bytes, a key for each event that has something sealed; kept: what a start need not replay; judges:
    who verifies.
    """

    engine: Engine
    memorandum: Memorandum
    vault: Vault
    signer: NoteSigner
    now: Callable[[], datetime]
    draw: Callable[[], bytes]
    kept: KeptDatabase
    judges: Judges = field(default_factory=Judges)
    _database: Database | None = None
    _keys: Keys = field(default_factory=dict)  # as of the last look: whoever judges by them reads them without the lock
    _doomed: dict[str, None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def append(self, post: Sequence[str]) -> list[Posted]:
        """Admit a post, all of it or nothing.

        post: up to 1,000 envelopes with their disclosures, in order, 8 MiB together. Returns a place for each.

        Raises MalformedError, SignatureError, GateError, ConflictError or RuleError, with the number of the envelope
        in the post as the fact `place`; the last two carry the hub's signed `refusal` too. Nothing is stored then.
        """
        (answer,) = self.append_each([post])
        if isinstance(answer, LedgerError):
            raise answer
        return answer

    def begin(self, post: Sequence[str]) -> Post:
        """Have a post judged that is to be appended soon, where other processes do that meanwhile."""
        if len(post) < FEW or size_fault(post) or not self._keys:
            return post
        return self._judge(post)

    def append_each(self, posts: Sequence[Post]) -> list[list[Posted] | LedgerError]:
        """Admit posts, in their order, in one transaction: each all of it or nothing, whatever becomes of the others.

        Returns for each its places, or the error that `append` would raise. Raises what makes the transaction fail:
        then none of the posts is stored.
        """
        # 1. bytes, signatures, the posting gate: what needs no state
        with uncollected():
            group = read_posts(posts, self._judge)
        with self._lock, uncollected():
            # 2. signatures once more, under keys that the nodes have brought; and the gate, where that asks for state
            database = self._caught_up()
            self._keys = known_keys(self.memorandum, database)
            for number, read in enumerate(group):
                if not isinstance(read, LedgerError):
                    group[number] = self._checked(database, read, is_first=number == 0)
            # 3. the rest under the writer's lock
            if all(isinstance(each, LedgerError) for each in group):
                return [each for each in group if isinstance(each, LedgerError)]
            try:
                with writing(self.engine) as connection:
                    answers, erased = self._admit(connection, group)
            except BaseException:
                self._database = None
                raise
            # 4. the keys of what is erased now; a crash before this is healed at the next start, or by a repost
            self._doomed |= dict.fromkeys(erased)
            self._destroy()
            if _erases_again(group, answers):
                finish_erasures(self.engine, self.vault)
            return answers

    def _judge(self, texts: Sequence[str]) -> Begun:
        if not self._keys:
            self._keys = self.look(known_keys)
        return self.judges.begin(texts, self._keys)

    def _destroy(self) -> None:
        """Destroy the keys of what was erased, also those that an earlier try could not; nothing of it is left in the
        write-ahead file but what a reader keeps there, and that is ciphertext without a key.
        """
        if self._doomed:
            self.vault.destroy_keys(self._doomed)
            self._doomed = {}
            empty_write_ahead(self.engine)

    def _checked(self, database: Database, post: list[Candidate], *, is_first: bool) -> list[Candidate] | LedgerError:
        """Check a post before the writer's lock is taken; what an envelope before it may change is left for later."""
        key_named = cache(partial(key_of, self.memorandum, database))
        place = 0
        try:
            for place, candidate in enumerate(post):
                _verify_early(candidate, key_named, is_first=is_first and place == 0)
            for place, candidate in enumerate(post):  # noqa: B007 - told where it ends too soon
                gate_early(database, candidate)
        except LedgerError as error:
            return error.with_facts(place=place)
        return post

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
        self, connection: Connection, group: Sequence[list[Candidate] | LedgerError]
    ) -> tuple[list[list[Posted] | LedgerError], list[str]]:
        """Returns an answer to each post, and the ids of the events that they erase."""
        # 3.1 fold what another process appended meanwhile: keys, seq and prev are judged as they are now
        database = self._catch_up(connection)
        now = self.now()
        admitting = Admitting(connection, database, max(now, database.received or now))
        answers: list[list[Posted] | LedgerError] = []
        for post in group:
            if isinstance(post, LedgerError):
                answers.append(post)
                continue
            before = len(admitting.taken)
            places: list[Posted] = []
            try:
                for candidate in post:
                    places.append(self._take(admitting, candidate))  # noqa: PERF401 - how far it came is told
                answers.append(places)
            except (RefusedError, MalformedError) as refused:
                refused.with_facts(place=len(places))
                admitting.give_back(before)
                if isinstance(refused, ConflictError | RuleError):
                    self._sign_refusal(refused, post, size=database.size, received=admitting.received)
                answers.append(refused)
        erased: frozenset[int] = frozenset()
        if admitting.taken:
            check_not_moved(connection)
            erased = _erased_by(database, admitting.taken)
            self._store(connection, admitting, erased)
        elif any(not isinstance(answer, LedgerError) for answer in answers):
            # all of it was there before, by a commit that perhaps nobody was answered: a server that waits for replicas
            # may have been killed while it did. What is acknowledged now must be where this commit is.
            advance(connection, database.size)
        return answers, [database.events[index].event_id for index in sorted(erased)]

    def _take(self, admitting: Admitting, candidate: Candidate) -> Posted:
        database = admitting.database
        known = admitting.known(candidate)
        if known is not None:
            return _posted(candidate, known, is_new=False, received=database.events[known].received)
        if not candidate.is_verified:
            key = key_of(self.memorandum, database, candidate.claims.node, candidate.kid)
            envelopes.verify(candidate.envelope, key)
        if not candidate.is_gated:
            check_post(candidate.envelope, target_of(database, candidate))
        # 3.2 needs, rule, cells, digest
        index = database.size
        entry = Recorded(index, admitting.received, candidate.claims, candidate.kid, candidate.hash)
        admitting.taken.append(step(self.memorandum, database, entry))
        admitting.new.append(candidate)
        return _posted(candidate, index, is_new=True, received=admitting.received)

    def _store(self, connection: Connection, admitted: Admitting, erased: frozenset[int]) -> None:
        taken, new, received = admitted.taken, admitted.new, format_time(admitted.received)
        # 3.3 the vault's keys first: one that nothing was sealed with harms nobody, the other way round loses values
        start = taken[0].event.index
        sealed = [
            Sealed(each.event.index, each.event.event_id, candidate.disclosures)
            for each, candidate in zip(taken, new, strict=True)
            if candidate.disclosures and each.event.index not in erased
        ]
        keys = self.vault.put_keys({each.event_id: self.draw() for each in sealed})
        # 3.4 entries, tiles, rows, head, and that what is erased is gone: durable together, with the commit
        entries = [
            NewEntry(
                StoredEntry(each.event.index, received, candidate.jws, each.digest),
                candidate.claims,
                each.event,
            )
            for each, candidate in zip(taken, new, strict=True)
        ]
        append_entries(connection, entries)
        self.vault.seal(connection, sealed, keys)
        self.vault.erase(connection, sorted(erased))
        leaves = [leaf_hash(each.stored.leaf) for each in entries]
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
        # another process took it, or this one whose commit was not answered, and may have been cut off before its keys
        self._doomed |= dict.fromkeys(database.events[index].event_id for index in _erased_by(database, [taken]))

    def _sign_refusal(self, refused: RefusedError, post: Sequence[Candidate], *, size: int, received: datetime) -> None:
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


def _erases_again(
    group: Sequence[list[Candidate] | LedgerError], answers: Sequence[list[Posted] | LedgerError]
) -> bool:
    """Whether an erasure is among what was there before: where its commit was answered to nobody, its keys are there
    yet, and its sender is told now that it is done.
    """
    return any(
        not posted.is_new and candidate.claims.type == DisclosuresErased.TYPE
        for post, answer in zip(group, answers, strict=True)
        if not isinstance(post, LedgerError) and not isinstance(answer, LedgerError)
        for candidate, posted in zip(post, answer, strict=True)
    )


def _verify_early(candidate: Candidate, key_named: Callable[[str, str], PublicKey], *, is_first: bool) -> None:
    """Check a signature; leave it where an envelope before it may bring the key."""
    try:
        key = key_named(candidate.claims.node, candidate.kid)
    except SignatureError:
        if is_first:
            raise
        candidate.is_verified = False
        return
    if candidate.verdict.found == "forged":
        raise candidate.verdict.error()
    if candidate.verdict.found == "unknown":  # to whoever judged it
        envelopes.verify(candidate.envelope, key)


def _posted(candidate: Candidate, index: int, *, is_new: bool, received: datetime) -> Posted:
    claims = candidate.claims
    return Posted(index, is_new, received, claims.event_id, claims.node, claims.seq)
