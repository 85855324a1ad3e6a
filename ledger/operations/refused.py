"""Judging a refusal: replay the log up to where it was given, and ask the same rules again.

What a hub refuses by head or rule it signs, with the size of its log and the time. Both being known, so is what every
honest hub would have answered. The log itself shows whether it had that size at that time.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from ledger.cohort.database import Database
from ledger.cohort.memorandum import Memorandum
from ledger.errors import LedgerError, MalformedError, NotFoundError, RefusedError, TamperedError
from ledger.events.base import Recorded
from ledger.merkle.hashing import leaf_hash
from ledger.merkle.tiles import TILE_WIDTH, entries_path, tile_widths, unpack_entries
from ledger.merkle.tree import Frontier, root_at
from ledger.operations.audit import audit
from ledger.operations.evidence import RefusedPost
from ledger.operations.folding import Progress
from ledger.operations.forks import verified_nodes
from ledger.operations.source import Source
from ledger.replay import key_of, step
from ledger.signing import envelope as envelopes
from ledger.signing.checkpoint import Checkpoint
from ledger.signing.entry import Entry
from ledger.signing.envelope import Envelope
from ledger.signing.refusal import Refusal, read_refusal

_CLOCK_STEPS = timedelta(seconds=60)  # back, at most: the hub's own clock wrote the refusal and the entries


class Replayed(NamedTuple):
    """is_false: no honest hub would have signed the refusal. words: why, or what the rules object to."""

    is_false: bool
    words: str


def check_statement(evidence: RefusedPost) -> tuple[Refusal, list[Envelope]]:
    """The refusal, by the log's key, and the envelopes that it names, in order; no rule is asked yet.

    Raises MalformedError and SignatureError where it is not the log's, or about other envelopes.
    """
    refusal = read_refusal(evidence.refusal, evidence.log)
    post = [envelopes.parse(text) for text in evidence.envelopes]
    if any(each.disclosures for each in post):
        raise MalformedError("the file discloses what is sealed: evidence holds envelopes without their disclosures")
    if [each.hash for each in post] != [*refusal.before, refusal.envelope]:
        raise MalformedError("the refusal is about other envelopes than those in the file, or in another order")
    return refusal, post


def replay_refusal(
    refusal: Refusal, post: Sequence[Envelope], *, memorandum: Memorandum, log: Source, progress: Progress
) -> Replayed:
    """Audit the log, fold it up to the refusal's size, and offer it the post again, at the refusal's time.

    Raises TamperedError where the log does not hold, NotFoundError where it is shorter than the refusal says.
    """
    # 1. the log itself, every signature and rule
    audited = audit(log, pin=memorandum.hash, view="clear", progress=progress)
    if audited.failure is not None or audited.checkpoint is None:
        why = audited.failure.message if audited.failure else "it shows no checkpoint"
        raise TamperedError(f"the log itself does not hold, so no refusal can be judged by it: {why}")
    if audited.checkpoint.size < refusal.size:
        raise NotFoundError(
            f"the refusal was given at {refusal.size} entries, and this source shows {audited.checkpoint.size}: take "
            "one that shows more of the log"
        )
    # 2. its size: a refusal is made under the writer's lock, so the next entry was received after it
    following = _received(refusal.size, log, audited.checkpoint)
    if following is not None and following + _CLOCK_STEPS < refusal.received:
        return Replayed(is_false=True, words=f"it states {refusal.size} entries, and the log had more by then")
    # 3. the database that the hub had, and its clock, which never goes back
    known = _Known(post)
    database = _database_at(refusal.size, log, audited.checkpoint, memorandum, known)
    if database.received is not None and refusal.received < database.received:
        return Replayed(is_false=True, words=f"it states a time before that of entry {refusal.size - 1}")
    # 4. the post, as the hub takes it: what it has already is passed over
    for place, envelope in enumerate(post):
        if known.has(envelope):
            continue
        try:
            key = key_of(memorandum, database, envelope.claims.node, envelope.jws.kid)
            envelopes.verify(envelope, key)
            step(memorandum, database, Recorded.of(envelope, index=database.size, received=refusal.received))
        except RefusedError as error:
            which = "" if place == len(post) - 1 else f"envelope {place} of its post, before it: "
            return Replayed(is_false=False, words=f"{which}{error}")
        known.take(envelope)
    return Replayed(is_false=True, words=f"after {refusal.size} entries the rules admit what it refuses")


class _Known:
    """Which envelopes of a post were taken before, by header and payload: not every algorithm signs alike twice."""

    def __init__(self, post: Sequence[Envelope]) -> None:
        self._asked = {each.claims.event_id for each in post}
        self._taken: set[bytes] = set()

    def take(self, envelope: Envelope) -> None:
        if envelope.claims.event_id in self._asked:
            self._taken.add(envelope.jws.signing_input)

    def has(self, envelope: Envelope) -> bool:
        return envelope.jws.signing_input in self._taken


def _database_at(size: int, log: Source, checkpoint: Checkpoint, memorandum: Memorandum, known: _Known) -> Database:
    """The database as the first entries of an audited log leave it. They are read again, and held against its root."""
    database, tree = Database(), Frontier()
    for leaf in _leaves(log, checkpoint.size, size):
        tree.append(leaf_hash(leaf))
        try:
            entry = Entry.parse(leaf)
            envelope = envelopes.parse_jws(entry.jws)
            step(memorandum, database, Recorded.of(envelope, index=database.size, received=entry.received))
        except LedgerError:
            raise _changed() from None
        known.take(envelope)
    if tree.root != root_at(size, verified_nodes(log, checkpoint)):
        raise _changed()
    return database


def _received(index: int, log: Source, checkpoint: Checkpoint) -> datetime | None:
    """When an entry of an audited log was received, None where the log ends before it."""
    if index >= checkpoint.size:
        return None
    n, place = divmod(index, TILE_WIDTH)
    leaf = _tile(log, n, min(TILE_WIDTH, checkpoint.size - n * TILE_WIDTH))[place]
    if leaf_hash(leaf) != verified_nodes(log, checkpoint)(0, index):
        raise _changed()
    return Entry.parse(leaf).received


def _leaves(log: Source, log_size: int, size: int) -> Iterator[bytes]:
    """The first `size` entries. Raises TamperedError where they are not there."""
    for n, width in tile_widths(log_size, 0):
        left = size - n * TILE_WIDTH
        if left <= 0:
            return
        yield from _tile(log, n, width)[:left]


def _tile(log: Source, n: int, width: int) -> Sequence[bytes]:
    try:
        return unpack_entries(log.read(entries_path(n, width)), width)
    except (MalformedError, NotFoundError):
        raise _changed() from None


def _changed() -> TamperedError:
    return TamperedError("the log shows other entries now than it did a moment before")
