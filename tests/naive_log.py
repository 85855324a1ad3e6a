"""A log of made-up leaves as a source, signed by the log's key of `given`; its roots are the naive tree's."""

from collections.abc import Sequence

import given
from naive_tree import leaf, mth

from ledger.cohort.memorandum import Memorandum
from ledger.errors import NotFoundError
from ledger.merkle.tiles import extend_tiles, parse_path
from ledger.operations.forks import SignedHead
from ledger.signing.checkpoint import Checkpoint, sign_checkpoint
from ledger.signing.note import NoteSigner

LOG = NoteSigner(given.ORIGIN, given.signing_key("log"))
MEMORANDUM = Memorandum.of(given.memorandum_of(given.DRUP))


def leaves(size: int, *, history: str = "one") -> list[bytes]:
    return [f"{history} {place}".encode() for place in range(size)]


def forked(shared: int, size: int) -> list[bytes]:
    """Another history after the first so many leaves of `leaves`."""
    return leaves(shared) + leaves(size, history="another")[shared:]


class NaiveLog:
    """read: as a server has it. asked: every path that was read."""

    def __init__(self, data: Sequence[bytes]) -> None:
        self.data = list(data)
        self.asked: list[str] = []
        self._tiles = extend_tiles(0, list(map(leaf, self.data)), lambda _level, _n: b"")

    @property
    def note(self) -> bytes:
        return sign_checkpoint(Checkpoint(given.ORIGIN, len(self.data), mth(self.data)), LOG).encode()

    @property
    def head(self) -> SignedHead:
        return SignedHead.read(self.note, LOG.verifier)

    def read(self, path: str) -> bytes:
        self.asked.append(path)
        if path == "checkpoint":
            return self.note
        if path == "memorandum":
            return MEMORANDUM.text
        asked = parse_path(path)
        tile = self._tiles.get((asked.level or 0, asked.n), b"") if asked.kind == "tile" else b""
        if len(tile) < asked.width * 32:
            raise NotFoundError(f"there is no {path}")
        return tile[: asked.width * 32]


class Outgrown(NaiveLog):
    """A plain folder of files, out of which partial tiles were taken once they were full."""

    def read(self, path: str) -> bytes:
        if path.startswith("tile/"):
            asked = parse_path(path)
            if asked.width != 256 and len(self._tiles[asked.level or 0, asked.n]) == 256 * 32:
                raise NotFoundError(f"there is no {path} any more")
        return super().read(path)
