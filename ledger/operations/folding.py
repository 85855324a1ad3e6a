"""The fold of an audit: a log's entries, tile by tile, from where an earlier audit came (steps 4 to 7).

What is read is checked, folded into the database and let go: what stays is the database, and of the tree its edge.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ledger.cohort.memorandum import Memorandum
from ledger.errors import (
    ConflictError,
    LedgerError,
    MalformedError,
    SignatureError,
    TamperedError,
    UnavailableError,
)
from ledger.events.base import Recorded
from ledger.merkle.hashing import HASH_SIZE
from ledger.merkle.tiles import (
    TILE_WIDTH,
    entries_path,
    extend_tiles,
    node_from_tiles,
    numbered_path,
    tile_path,
    unpack_entries,
)
from ledger.merkle.tree import root_at
from ledger.operations.disclosing import Disclosing
from ledger.operations.ranges import Fault, Looked, Pool, Range, look_at_ranges
from ledger.operations.reached import Reached
from ledger.operations.source import Source, read_tiled
from ledger.replay import key_of, step
from ledger.signing import envelope as envelopes
from ledger.signing.checkpoint import Checkpoint
from ledger.signing.entry import Entry
from ledger.signing.envelope import Envelope

Progress = Callable[[int, int], None]  # entries done, of how many


@dataclass
class Fold:
    """checkpoint: what the tree must come to. digest_note: the hub's word on the database, at a size that is no larger.
    at: where to begin, and then what was reached. pool: who looks at ranges, None for nobody else.
    """

    source: Source
    memorandum: Memorandum
    checkpoint: Checkpoint
    digest_note: Checkpoint
    at: Reached
    pool: Pool | None

    def run(self, progress: Progress) -> None:
        """Raises TamperedError, with the step that fails and the entry, where the log does not hold."""
        begun_at = self.at.size
        self._compare_digest_note()
        for looked_at in look_at_ranges(self._ranges(), pool=self._whom_to_ask()):
            if isinstance(looked_at, Fault):
                raise TamperedError(looked_at.message, step=looked_at.step, index=self.at.size)
            self._fold_range(*looked_at)
            progress(self.at.size, self.checkpoint.size)
        self._check_root()
        self._check_heads(begun_at)
        if self.at.size > begun_at:
            Disclosing(self.source, self.memorandum, self.at).judge(begun_at)

    def _whom_to_ask(self) -> Pool | None:
        """Signatures are worth sharing; without them, what an entry says costs more to move than to find out."""
        pool, to_do = self.pool, self.checkpoint.size - self.at.size
        return pool if pool is not None and self.at.signatures == "every" and to_do >= pool.few else None

    def _ranges(self) -> Iterator[Range | Fault]:
        """Every range that is not checked yet; where one cannot be read, that is its fault."""
        start, size = self.at.size, self.checkpoint.size
        founders = {member.public_key.thumbprint: member.key for member in self.memorandum.members}
        for n in range(start // TILE_WIDTH, -(-size // TILE_WIDTH) if start < size else 0):
            width = min(TILE_WIDTH, size - n * TILE_WIDTH)
            skip = max(0, start - n * TILE_WIDTH)
            try:
                with failing(4):
                    tile = self._tile(n, width, skip)
                    entries = read_tiled(self.source, entries_path(n, width))
                with failing(7):
                    disclosures = read_tiled(self.source, numbered_path("disclosures", n, width))
            except TamperedError as error:
                yield Fault(int(error.facts["step"]), str(error))
                return
            every = self.at.signatures == "every"
            yield Range(n, skip, tile, entries, disclosures, every, keys={**founders, **self._keys()})

    def _fold_range(self, given: Range, looked: Looked | Fault) -> None:
        first = given.n * TILE_WIDTH
        if isinstance(looked, Fault):
            raise TamperedError(looked.message, step=looked.step, index=first + given.skip)
        digests = self._digests(given)
        index, node, at_step = first, None, 4
        try:
            leaves = unpack_entries(given.entries, given.width)
            for place in range(given.skip, given.width):
                index, node, at_step = first + place, None, 4
                if place == looked.wrong_leaf:
                    raise TamperedError(f"entry {index} is not the one that the tree has there")
                entry = Entry.parse(leaves[place])
                at_step = 5
                envelope = envelopes.parse_jws(entry.jws)
                node = envelope.claims.node
                if looked.forged is not None and place == looked.forged[0]:
                    raise SignatureError(looked.forged[1])
                if given.every and place in looked.unverified:
                    self._verify(envelope)
                at_step = 6
                self._fold(Recorded.of(envelope, index=index, received=entry.received), _hash_at(digests, place))
                if not given.every:
                    self.at.heads[node, envelope.jws.kid] = index, entry.jws
                at_step = 7
                self._count(envelope, looked.shown[place])
        except LedgerError as error:
            raise _failed(error, at_step, index, node) from None
        with failing(4, index=first):
            self._grow(given)

    def _tile(self, n: int, width: int, skip: int) -> bytes:
        path = tile_path(0, n, width)
        tile = read_tiled(self.source, path)
        if len(tile) != width * HASH_SIZE:
            raise TamperedError(f"{path} does not hold {width} hashes")
        if skip and tile[: skip * HASH_SIZE] != self.at.edge[0]:
            raise TamperedError(f"forked: {path} does not begin with the entries that an earlier audit saw", step=3)
        return tile

    def _keys(self) -> Mapping[str, Mapping[str, str]]:
        """The keys that nodes have brought, as JWK by thumbprint."""
        return {record.key[1]: record.value("jwk") for record in self.at.database.rows("keys")}  # type: ignore[misc]  # its only event sets a JWK

    def _digests(self, given: Range) -> bytes:
        with failing(6, index=given.n * TILE_WIDTH):
            data = read_tiled(self.source, numbered_path("digests", given.n, given.width))
            if len(data) != given.width * HASH_SIZE:
                raise MalformedError("the file of digests does not hold 32 bytes an entry")
            return data

    def _fold(self, recorded: Recorded, digest: bytes) -> None:
        """One entry: its time, its key and place, its rule and cells, and with them the digest."""
        index = recorded.index
        if self.at.received is not None and recorded.received < self.at.received:
            raise TamperedError(f"entry {index} was received before the one it follows", step=4)
        try:
            taken = step(self.memorandum, self.at.database, recorded)
        except (SignatureError, ConflictError) as error:  # the stream's fault, and no rule's
            raise error.with_facts(step=5) from None
        if taken.digest != digest:
            raise TamperedError(f"the hub states another digest of the database after entry {index}")
        self.at.size, self.at.digest, self.at.received = index + 1, taken.digest, recorded.received
        self._compare_digest_note()

    def _count(self, envelope: Envelope, digests: list[str]) -> None:
        """The disclosures that are there, by their digests, and those that are not."""
        shown = set(digests)
        if len(shown) < len(digests) or not shown.issubset(envelope.commitments.values()):
            raise TamperedError("a disclosure opens none of the envelope's commitments, or stands there twice")
        # whether what is missing was erased, and what was erased is missing, only the end of the log tells
        self.at.sealed.append(len(envelope.commitments))
        self.at.shown_of.append(len(shown))

    def _verify(self, envelope: Envelope) -> None:
        key = key_of(self.memorandum, self.at.database, envelope.claims.node, envelope.jws.kid)
        envelopes.verify(envelope, key)

    def _compare_digest_note(self) -> None:
        note = self.digest_note
        if note.size == self.at.size and note.root != self.at.digest:
            raise TamperedError(f"the hub's signed digest of the database at {note.size} entries is another", step=6)

    def _grow(self, given: Range) -> None:
        """Add the range's leaves to the tree, and hold the tiles that this fills against the source's."""
        hashes = [_hash_at(given.tile, place) for place in range(given.skip, given.width)]
        start = given.n * TILE_WIDTH + given.skip
        for (level, n), tile in extend_tiles(start, hashes, lambda level, _n: self.at.edge.get(level, b"")).items():
            full = len(tile) == TILE_WIDTH * HASH_SIZE
            self.at.edge[level] = b"" if full else tile
            if full and level > 0:
                self._compare_tile(level, n, tile)

    def _compare_tile(self, level: int, n: int, tile: bytes) -> None:
        path = tile_path(level, n, len(tile) // HASH_SIZE)
        if read_tiled(self.source, path) != tile:
            raise TamperedError(f"{path} does not follow from the tiles below it", index=n << 8 * (level + 1))

    def _check_root(self) -> None:
        with failing(4):
            size, edge = self.checkpoint.size, self.at.edge
            for level, tile in edge.items():
                if level > 0 and tile:
                    self._compare_tile(level, (size >> 8 * level) // TILE_WIDTH, tile)
            if root_at(size, node_from_tiles(lambda level, _n, _width: edge[level], size)) != self.checkpoint.root:
                raise TamperedError("the tiles do not lead to the root that the checkpoint is signed over")

    def _check_heads(self, begun_at: int) -> None:
        """The last signature of each node and key: since each envelope names the one before, it vouches for those."""
        if self.at.signatures == "heads":
            for (node, _), (index, jws) in self.at.heads.items():
                if index < begun_at:
                    continue  # an earlier audit has verified it
                with failing(5, index=index, node=node):
                    self._verify(envelopes.parse_jws(jws))


@contextmanager
def failing(step_number: int, *, index: int | None = None, node: str | None = None) -> Iterator[None]:
    """Turn whatever does not hold into the failure of a step."""
    try:
        yield
    except LedgerError as error:
        raise _failed(error, step_number, index, node) from None


def _failed(error: LedgerError, step_number: int, index: int | None, node: str | None) -> LedgerError:
    if isinstance(error, UnavailableError):
        return error
    facts = {"step": step_number, "index": index, "node": node} | error.facts
    return TamperedError(str(error), **facts)


def _hash_at(hashes: bytes, index: int) -> bytes:
    return hashes[index * HASH_SIZE : (index + 1) * HASH_SIZE]
