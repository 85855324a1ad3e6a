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
from ledger.merkle.hashing import HASH_SIZE
from ledger.merkle.tiles import TILE_WIDTH, entries_path, extend_tiles, node_from_tiles, numbered_path, tile_path
from ledger.merkle.tree import root_at
from ledger.operations.ranges import Checked, CheckedRange, Fault, Range, check_ranges
from ledger.operations.reached import Reached
from ledger.operations.source import Source, read_tiled
from ledger.replay import key_of, step
from ledger.signing import envelope as envelopes
from ledger.signing.checkpoint import Checkpoint

FEW = 16 * TILE_WIDTH  # entries that are checked in the time that other processes take to start
Progress = Callable[[int, int], None]  # entries done, of how many


@dataclass
class Fold:
    """checkpoint: what the tree must come to. digest_note: the hub's word on the database, at a size that is no larger.
    at: where to begin, and then what was reached. processes: how many others share the work, 1 for none.
    """

    source: Source
    memorandum: Memorandum
    checkpoint: Checkpoint
    digest_note: Checkpoint
    at: Reached
    processes: int

    def run(self, progress: Progress) -> None:
        """Raises TamperedError, with the step that fails and the entry, where the log does not hold."""
        begun_at = self.at.size
        self._compare_digest_note()
        few = self.checkpoint.size - self.at.size < FEW
        for checked in check_ranges(self._ranges(), processes=1 if few else self.processes):
            skip = self.at.size % TILE_WIDTH
            if checked.entries:
                digests = self._digests(checked, skip)
                for entry, digest in zip(checked.entries, digests, strict=False):  # up to a fault
                    self._fold(entry, digest)
            if checked.fault is not None:
                fault = checked.fault
                raise TamperedError(fault.message, step=fault.step, index=fault.index, node=fault.node)
            with failing(4, index=checked.n * TILE_WIDTH):
                self._grow(checked, skip)
            progress(self.at.size, self.checkpoint.size)
        self._check_root()
        self._check_heads(begun_at)

    def _ranges(self) -> Iterator[Range | CheckedRange]:
        """Every range that is not checked yet; where one cannot be read, that is its fault."""
        start, size = self.at.size, self.checkpoint.size
        founders = {member.public_key.thumbprint: member.key for member in self.memorandum.members}
        for n in range(start // TILE_WIDTH, -(-size // TILE_WIDTH) if start < size else 0):
            width = min(TILE_WIDTH, size - n * TILE_WIDTH)
            skip = max(0, start - n * TILE_WIDTH)
            try:
                with failing(4, index=n * TILE_WIDTH):
                    tile = self._tile(n, width, skip)
                    entries = read_tiled(self.source, entries_path(n, width))
                with failing(7, index=n * TILE_WIDTH):
                    disclosures = read_tiled(self.source, numbered_path("disclosures", n, width))
            except TamperedError as error:
                facts = error.facts
                yield CheckedRange(n, b"", [], Fault(int(facts["step"]), n * TILE_WIDTH + skip, None, str(error)))
                return
            yield Range(
                n=n,
                skip=skip,
                tile=tile,
                entries=entries,
                disclosures=disclosures,
                whole=self.at.view == "full",
                every=self.at.signatures == "every",
                keys={**founders, **self._keys()},
            )

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

    def _digests(self, checked: CheckedRange, skip: int) -> list[bytes]:
        with failing(6, index=checked.n * TILE_WIDTH):
            width = min(TILE_WIDTH, self.checkpoint.size - checked.n * TILE_WIDTH)
            data = read_tiled(self.source, numbered_path("digests", checked.n, width))
            if len(data) != width * HASH_SIZE:
                raise MalformedError("the file of digests does not hold 32 bytes an entry")
            return [_hash_at(data, place) for place in range(skip, width)]

    def _fold(self, entry: Checked, digest: bytes) -> None:
        """One entry: its time, its key and place, its rule and cells, and with them the digest."""
        recorded = entry.recorded
        index, node, kid = recorded.index, recorded.claims.node, recorded.kid
        with failing(6, index=index, node=node):
            if self.at.received is not None and recorded.received < self.at.received:
                raise TamperedError(f"entry {index} was received before the one it follows", step=4)
            if entry.unverified is not None and self.at.signatures == "every":
                self._verify(node, kid, entry.unverified)
            try:
                taken = step(self.memorandum, self.at.database, recorded)
            except (SignatureError, ConflictError) as error:  # the stream's fault, and no rule's
                raise error.with_facts(step=5) from None
            if taken.digest != digest:
                raise TamperedError(f"the hub states another digest of the database after entry {index}")
            self.at.size, self.at.digest = index + 1, taken.digest
            self._compare_digest_note()
        if entry.unverified is not None and self.at.signatures == "heads":
            self.at.heads[node, kid] = index, entry.unverified
        self.at.received = recorded.received
        self.at.shown += entry.shown
        self.at.withheld += entry.missing

    def _verify(self, node: str, kid: str, jws: str) -> None:
        try:
            envelopes.verify(envelopes.parse_jws(jws), key_of(self.memorandum, self.at.database, node, kid))
        except SignatureError as error:
            raise error.with_facts(step=5) from None

    def _compare_digest_note(self) -> None:
        note = self.digest_note
        if note.size == self.at.size and note.root != self.at.digest:
            raise TamperedError(f"the hub's signed digest of the database at {note.size} entries is another", step=6)

    def _grow(self, checked: CheckedRange, skip: int) -> None:
        """Add the range's leaves to the tree, and hold the tiles that this fills against the source's."""
        width = len(checked.tile) // HASH_SIZE
        hashes = [_hash_at(checked.tile, place) for place in range(skip, width)]
        start = checked.n * TILE_WIDTH + skip
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
            for (node, kid), (index, jws) in self.at.heads.items():
                if index < begun_at:
                    continue  # an earlier audit has verified it
                with failing(5, index=index, node=node):
                    self._verify(node, kid, jws)


@contextmanager
def failing(step_number: int, *, index: int | None = None, node: str | None = None) -> Iterator[None]:
    """Turn whatever does not hold into the failure of a step."""
    try:
        yield
    except UnavailableError:
        raise
    except LedgerError as error:
        facts = {"step": step_number, "index": index, "node": node} | error.facts
        raise TamperedError(str(error), **facts) from None


def _hash_at(hashes: bytes, index: int) -> bytes:
    return hashes[index * HASH_SIZE : (index + 1) * HASH_SIZE]
