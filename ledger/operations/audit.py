"""The audit: replay a log from public evidence, believe nothing, and say what holds.

It needs a source of the log's static files and no database, no server, no hub. The steps are those of the design
("trust, The audit") and are numbered so here and in the report; the audit stops at the first of them that fails and
names the entry. Step 8 holds the hub's stored tables against the log, and needs them: see `ledger.operations.doctor`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from ledger.cohort import snapshot
from ledger.cohort.database import Database
from ledger.cohort.memorandum import Memorandum
from ledger.cohort.snapshot import Snapshot
from ledger.errors import (
    LedgerError,
    MalformedError,
    NotFoundError,
    SignatureError,
    TamperedError,
    UnavailableError,
)
from ledger.events.base import Recorded
from ledger.merkle.hashing import HASH_SIZE, leaf_hash
from ledger.merkle.tiles import (
    TILE_WIDTH,
    entries_path,
    extend_tiles,
    numbered_path,
    tile_path,
    tile_widths,
    tiles_of,
    unpack_entries,
)
from ledger.merkle.tree import Frontier
from ledger.operations.bundle import VIEWS
from ledger.operations.source import Source
from ledger.replay import check_place, key_in_force, key_of, step
from ledger.signing import canonical
from ledger.signing import envelope as envelopes
from ledger.signing.checkpoint import Checkpoint, database_origin, read_checkpoint
from ledger.signing.encoding import to_base64
from ledger.signing.entry import Entry
from ledger.signing.envelope import Disclosure, Envelope

STEPS = {
    1: "memorandum",
    2: "checkpoint",
    3: "consistency with the last audit",
    4: "entries, tiles, root",
    5: "signatures and streams",
    6: "rules, cells, digest",
    7: "disclosures",
    8: "stored tables",
    10: "contributions",
}

Progress = Callable[[int, int], None]  # entries done, of how many


@dataclass(frozen=True, slots=True)
class Failure:
    """step: of STEPS. index, node: of the first entry that fails, where it is one entry that does."""

    step: int
    message: str
    index: int | None
    node: str | None


@dataclass
class Audit:
    """What an audit found. `failure` is None where everything holds.

    pinned: the memorandum is the one that the auditor named. checkpoint: the one audited, as its bytes in `evidence`.
    passed: step -> what was checked, in words. shown, withheld: counts of disclosures. snapshot: the database that the
    log replays to, once step 6 holds.
    """

    pinned: bool
    view: str
    memorandum: Memorandum | None = None
    checkpoint: Checkpoint | None = None
    evidence: bytes = b""
    digest: bytes = b""
    passed: dict[int, str] = field(default_factory=dict)
    shown: int = 0
    withheld: int = 0
    snapshot: Snapshot | None = None
    failure: Failure | None = None

    @property
    def holds(self) -> bool:
        return self.failure is None


def audit(
    source: Source,
    *,
    pin: bytes | None = None,
    view: str | None = None,
    remembered: bytes | None = None,
    progress: Progress = lambda _done, _of: None,
) -> Audit:
    """Verify and replay everything that a source holds up to its checkpoint.

    pin: SHA-256 of the memorandum that the auditor trusts; without it the result is self-consistency only. view: which
    disclosures the source is expected to have ("full", "clear"); None: what the source itself says it was made with.
    remembered: the checkpoint of the auditor's last audit, signed, as bytes.

    Never raises for what a log may get wrong: that is in the result. Raises UnavailableError where the source cannot be
    reached.
    """
    result = Audit(pinned=pin is not None, view=view or "")
    try:
        _Auditor(source, result, progress).run(pin=pin, view=view, remembered=remembered)
    except TamperedError as error:
        facts = error.facts
        result.failure = Failure(int(facts["step"]), str(error), _int(facts.get("index")), _str(facts.get("node")))
    return result


class _Auditor:
    """One audit under way: what the steps hand on to each other."""

    def __init__(self, source: Source, result: Audit, progress: Progress) -> None:
        self.source = source
        self.result = result
        self.progress = progress
        self.database = Database()
        self.received: datetime | None = None

    def run(self, *, pin: bytes | None, view: str | None, remembered: bytes | None) -> None:
        with _failing(1):
            memorandum = self._check_memorandum(pin)
        with _failing(2):
            digest_note = self._digest_note(memorandum)  # taken first, and compared at its own size
            checkpoint = self._check_checkpoint(memorandum)
        with _failing(4):
            leaves = self._level_zero(checkpoint.size)
            self._check_tree(checkpoint, leaves)
        with _failing(3):
            self._check_remembered(memorandum, checkpoint, leaves, remembered)
        with _failing(7):
            self.result.view = self._stated_view() if view is None else view
            _check_view(self.result.view)
        self._check_entries(memorandum, checkpoint, leaves, digest_note)
        self._contributions()

    # ------------------------------------------------------------------ 1 to 3

    def _check_memorandum(self, pin: bytes | None) -> Memorandum:
        memorandum = Memorandum.parse(self.source.read("memorandum"))
        if pin is not None and memorandum.hash != pin:
            raise TamperedError(
                f"this ledger was founded with another memorandum: {memorandum.hash.hex()}, not {pin.hex()}"
            )
        self.result.memorandum = memorandum
        self.result.passed[1] = "is the pinned one" if pin else "not pinned: give its hash with --pin"
        return memorandum

    def _digest_note(self, memorandum: Memorandum) -> Checkpoint:
        note, _ = read_checkpoint(
            self.source.read("digest"), memorandum.log_key, origin=database_origin(memorandum.origin)
        )
        return note

    def _check_checkpoint(self, memorandum: Memorandum) -> Checkpoint:
        self.result.evidence = self.source.read("checkpoint")
        checkpoint, _ = read_checkpoint(self.result.evidence, memorandum.log_key)
        self.result.checkpoint = checkpoint
        self.result.passed[2] = (
            f"{checkpoint.size} entries, signed by the log; no witnesses asked for: "
            "nothing here shows that others were shown the same log"
        )
        return checkpoint

    def _check_remembered(
        self, memorandum: Memorandum, checkpoint: Checkpoint, leaves: bytes, remembered: bytes | None
    ) -> None:
        if remembered is None:
            self.result.passed[3] = "no earlier audit is remembered"
            return
        earlier, _ = read_checkpoint(remembered, memorandum.log_key)
        if earlier.size > checkpoint.size:
            raise TamperedError(
                f"rolled back: an earlier audit saw {earlier.size} entries under the log's signature, now there are "
                f"{checkpoint.size}; keep both checkpoints, they prove it",
                index=checkpoint.size,
            )
        frontier = Frontier()
        for index in range(earlier.size):
            frontier.append(_hash_at(leaves, index))
        if frontier.root != earlier.root:
            raise TamperedError(
                f"forked: the first {earlier.size} entries are not those that an earlier audit saw under the log's "
                "signature; keep both checkpoints, they prove it"
            )
        self.result.passed[3] = f"extends the {earlier.size} entries seen before"

    # ------------------------------------------------------------------ 4

    def _level_zero(self, size: int) -> bytes:
        """All leaf hashes of the log, one after the other: 32 bytes an entry is all of the log kept in memory."""
        return b"".join(self._tile(n, width) for n, width in tile_widths(size, 0))

    def _tile(self, n: int, width: int) -> bytes:
        path = tile_path(0, n, width)
        tile = self.source.read(path)
        if len(tile) != width * HASH_SIZE:
            raise TamperedError(f"{path} does not hold {width} hashes")
        return tile

    def _check_tree(self, checkpoint: Checkpoint, leaves: bytes) -> None:
        """Leaves to tiles, tiles to root. Which leaf is the wrong one, its entry tells."""
        hashes = [_hash_at(leaves, index) for index in range(checkpoint.size)]
        computed = extend_tiles(0, hashes, lambda _level, _n: b"")
        for level, n, width in tiles_of(checkpoint.size):
            path = tile_path(level, n, width)
            if level > 0 and self.source.read(path) != computed[level, n]:
                raise TamperedError(f"{path} does not follow from the tiles below it", index=n << 8 * (level + 1))
        frontier = Frontier()
        for each in hashes:
            frontier.append(each)
        if frontier.root != checkpoint.root:
            raise TamperedError("the tiles do not lead to the root that the checkpoint is signed over")

    # ------------------------------------------------------------------ 4 to 7, entry by entry

    def _check_entries(
        self, memorandum: Memorandum, checkpoint: Checkpoint, leaves: bytes, digest_note: Checkpoint
    ) -> None:
        if digest_note.size > checkpoint.size:
            raise TamperedError("the digest note is of a larger log than the checkpoint", step=6)
        self._compare_digest_note(digest_note)
        for n, width in tile_widths(checkpoint.size, 0):
            first = n * TILE_WIDTH
            entries = self._entries(n, width)
            digests = self._digests(n, width)
            shown = self._disclosures(n, width)
            for place in range(width):
                index = first + place
                with _failing(4, index=index):
                    entry = self._check_leaf(index, entries[place], leaves)
                with _failing(5, index=index):
                    envelope = envelopes.parse_jws(entry.jws)
                node = envelope.claims.node
                with _failing(5, index=index, node=node):
                    self._check_signature(memorandum, envelope)
                with _failing(6, index=index, node=node):
                    self._step(memorandum, envelope, entry, digests[place])
                    self._compare_digest_note(digest_note)
                with _failing(7, index=index, node=node):
                    self._check_disclosures(envelope, shown[place])
            self.progress(first + width, checkpoint.size)
        self._pass_entries(checkpoint.size)

    def _entries(self, n: int, width: int) -> list[bytes]:
        with _failing(4, index=n * TILE_WIDTH):
            return unpack_entries(self.source.read(entries_path(n, width)), width)

    def _digests(self, n: int, width: int) -> list[bytes]:
        with _failing(6, index=n * TILE_WIDTH):
            data = self.source.read(numbered_path("digests", n, width))
            if len(data) != width * HASH_SIZE:
                raise MalformedError("the file of digests does not hold 32 bytes an entry")
            return [_hash_at(data, place) for place in range(width)]

    def _disclosures(self, n: int, width: int) -> list[str]:
        with _failing(7, index=n * TILE_WIDTH):
            try:
                lines = self.source.read(numbered_path("disclosures", n, width)).decode("ascii").split("\n")
            except UnicodeDecodeError:
                raise MalformedError("the file of disclosures is not ASCII") from None
            if len(lines) != width + 1 or lines[-1]:
                raise MalformedError("the file of disclosures does not hold a line an entry")
            return lines[:-1]

    def _check_leaf(self, index: int, leaf: bytes, leaves: bytes) -> Entry:
        if leaf_hash(leaf) != _hash_at(leaves, index):
            raise TamperedError(f"entry {index} is not the one that the tree has there")
        entry = Entry.parse(leaf)
        if self.received is not None and entry.received < self.received:
            raise TamperedError(f"entry {index} was received before the one it follows")
        self.received = entry.received
        return entry

    def _check_signature(self, memorandum: Memorandum, envelope: Envelope) -> None:
        """Key, signature and place, which `step` asks for again: here a failure is the stream's and not a rule's."""
        node, kid = envelope.claims.node, envelope.jws.kid
        envelopes.verify(envelope, key_of(memorandum, self.database, node, kid))
        if kid != key_in_force(memorandum, self.database, node):
            raise SignatureError(f"signed with a key of {node} that was not in force any more")
        check_place(self.database, envelope.claims)

    def _step(self, memorandum: Memorandum, envelope: Envelope, entry: Entry, digest: bytes) -> None:
        index = self.database.size
        taken = step(memorandum, self.database, Recorded.of(envelope, index=index, received=entry.received))
        if taken.digest != digest:
            raise TamperedError(f"the hub states another digest of the database after entry {index}")

    def _compare_digest_note(self, note: Checkpoint) -> None:
        if note.size == self.database.size and note.root != self.database.digest:
            raise TamperedError(f"the hub's signed digest of the database at {note.size} entries is another", step=6)

    def _check_disclosures(self, envelope: Envelope, line: str) -> None:
        disclosed = envelope.with_disclosures(Disclosure.parse(text) for text in line.split("~") if line)
        missing = len(disclosed.missing)
        self.result.shown += len(disclosed.disclosures)
        self.result.withheld += missing
        if missing and self.result.view == "full":
            raise TamperedError("a disclosure is missing that was not erased: the source claims to hold all of them")

    def _pass_entries(self, size: int) -> None:
        signed = Counter(event.node for event in self.database.events)
        self.result.passed[4] = f"{size} entries hash to the tiles, and the tiles to the root"
        self.result.passed[5] = f"{size} signatures, every one, in {len(signed)} streams without a gap"
        self.result.digest = self.database.digest
        self.result.passed[6] = f"every event admitted again; digest {to_base64(self.database.digest)}"
        self.result.passed[7] = f"{self.result.shown} shown, {self.result.withheld} withheld, 0 erased"
        self.result.snapshot = snapshot.of_versions(
            snapshot.current(self.database), self.database.events, size=self.database.size
        )

    def _stated_view(self) -> str:
        try:
            stated = canonical.load(self.source.read("view"))
        except NotFoundError:
            return "clear"
        match stated:
            case {"view": str(view), **rest} if not rest:
                return view
        raise MalformedError("the file `view` does not say which disclosures the source has")

    # ------------------------------------------------------------------ 10

    def _contributions(self) -> None:
        counted = Counter(event.node for event in self.database.events)
        self.result.passed[10] = ", ".join(f"{node} {events}" for node, events in sorted(counted.items()))


@contextmanager
def _failing(step_number: int, *, index: int | None = None, node: str | None = None) -> Iterator[None]:
    """Turn whatever does not hold into the failure of a step."""
    try:
        yield
    except UnavailableError:
        raise
    except LedgerError as error:
        facts = {"step": step_number, "index": index, "node": node} | error.facts
        raise TamperedError(str(error), **facts) from None


def _check_view(view: str) -> None:
    if view.startswith(("node:", "grant:")):
        raise MalformedError(f"what the view {view[:80]!r} must show cannot be audited yet: take a full or a clear one")
    if view not in VIEWS:
        raise MalformedError(f"there is no view {view[:80]!r}: it is {' or '.join(VIEWS)}")


def _hash_at(hashes: bytes, index: int) -> bytes:
    return hashes[index * HASH_SIZE : (index + 1) * HASH_SIZE]


def _int(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _str(value: object) -> str | None:
    return value if isinstance(value, str) else None
