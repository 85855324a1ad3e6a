"""What a mirror holds a source's bytes against: hashes of the tree, the log's signature, commitments. No I/O.

Each check raises a LedgerError of its own kind; `of_source` says of all of them whose bytes they were.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ledger.cohort.digest import START
from ledger.cohort.memorandum import Memorandum
from ledger.errors import LedgerError, MalformedError, NotFoundError, TamperedError, UnavailableError
from ledger.merkle.hashing import HASH_SIZE, leaf_hash
from ledger.merkle.tiles import TILE_WIDTH, unpack_entries
from ledger.merkle.tree import Frontier
from ledger.signing.checkpoint import Checkpoint, database_origin, read_checkpoint
from ledger.signing.entry import Entry
from ledger.signing.envelope import Disclosure, parse_jws

Check = Callable[[bytes], None]


@contextmanager
def of_source(path: str) -> Iterator[None]:
    """Bytes that are not what the log signed are an alarm; what is not there, or not to be reached, is none."""
    try:
        yield
    except (UnavailableError, NotFoundError):
        raise
    except LedgerError as error:
        raise TamperedError(f"{path} of the source: {error}", **error.facts) from None


def read_digest(note: bytes, memorandum: Memorandum, head: Checkpoint) -> Checkpoint:
    """The signed note on the digest of the database."""
    digest, _ = read_checkpoint(note, memorandum.log_key, origin=database_origin(memorandum.origin))
    if digest.size > head.size:
        raise TamperedError(f"it is of {digest.size} entries, and the checkpoint of {head.size}")
    if digest.size == 0 and digest.root != START:
        raise TamperedError("it is of no entries, and not the digest of none")
    return digest


def tile_of_hash(expected: bytes) -> Check:
    """A full tile, whose root stands in the tile above it."""

    def check(tile: bytes) -> None:
        frontier = Frontier()
        for each in hashes_of(tile, TILE_WIDTH):
            frontier.append(each)
        if frontier.root != expected:
            raise TamperedError("it does not hash to its place in the tile above")

    return check


@dataclass(frozen=True)
class Span:
    """The entries of one tile of level 0, which was checked. first: index of the first of them."""

    first: int
    hashes: Sequence[bytes]

    @property
    def width(self) -> int:
        return len(self.hashes)

    def check_entries(self, bundle: bytes) -> None:
        for place, leaf in enumerate(unpack_entries(bundle, self.width)):
            if leaf_hash(leaf) != self.hashes[place]:
                index = self.first + place
                raise TamperedError(f"entry {index} is not the one that the tree has there", index=index)

    def check_digests(self, signed: Checkpoint) -> Check:
        """A digest an entry; the one that the log has signed must be it."""

        def check(data: bytes) -> None:
            digests = hashes_of(data, self.width)
            place = signed.size - 1 - self.first
            if 0 <= place < self.width and digests[place] != signed.root:
                raise TamperedError(f"the digest of {signed.size} entries is not the signed one", index=signed.size - 1)

        return check

    def check_disclosures(self, bundle: bytes, data: bytes) -> None:
        """A line an entry. What is shown opens commitments; what is not shown may have been erased: the audit tells."""
        try:
            lines = data.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise MalformedError("it is not ASCII") from None
        if len(lines) != self.width + 1 or lines[-1]:
            raise MalformedError("it does not hold a line an entry")
        for place, leaf in enumerate(unpack_entries(bundle, self.width)):
            if lines[place]:
                shown = [Disclosure.parse(text) for text in lines[place].split("~")]
                parse_jws(Entry.parse(leaf).jws).with_disclosures(shown)


def hashes_of(data: bytes, width: int) -> list[bytes]:
    if len(data) != width * HASH_SIZE:
        raise MalformedError(f"it does not hold {width} hashes of {HASH_SIZE} bytes")
    return [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]
