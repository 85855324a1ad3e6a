"""Receipts: proof, for offline use, that a log holds an entry (C2SP tlog-proof, without extra data).

The format only: `merkle.proofs` checks the proof, and `read_checkpoint` the checkpoint, which is carried as it came.
"""

from dataclasses import dataclass

from ledger.errors import MalformedError
from ledger.signing.encoding import from_base64, from_decimal, to_base64

_FIRST_LINE = "c2sp.org/tlog-proof@v1"
_INDEX = "index "
_HASH_SIZE = 32
_HASHES_MAX = 64  # a proof has a hash for each level, and a size has at most so many bits


@dataclass(frozen=True, slots=True)
class Receipt:
    """index: the entry's, 0-based. proof: 32-byte sibling hashes from the leaf upwards. checkpoint: a signed note."""

    index: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    @classmethod
    def parse(cls, data: bytes) -> "Receipt":
        """Raises MalformedError for what `encode` would not print."""
        head, blank, checkpoint = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise MalformedError("a receipt's lines before its checkpoint are ASCII") from None
        match lines:
            case [first, index, *proof] if (
                blank and first == _FIRST_LINE and index.startswith(_INDEX) and len(proof) <= _HASHES_MAX
            ):
                hashes = tuple(from_base64(line, size=_HASH_SIZE) for line in proof)
                return cls(from_decimal(index.removeprefix(_INDEX)), hashes, checkpoint)
        raise MalformedError("a receipt is its first line, an index, hashes, an empty line and a checkpoint")

    def encode(self) -> bytes:
        lines = [_FIRST_LINE, f"{_INDEX}{self.index}", *map(to_base64, self.proof), "", ""]
        return "\n".join(lines).encode("ascii") + self.checkpoint
