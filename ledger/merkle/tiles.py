"""The log's static files: which there are, what they are called, and what hashes and entries they hold.

C2SP tlog-tiles: a tile is up to 256 consecutive hashes of one level of the tree, every eighth level having tiles; one
that is not full yet is called partial and is a prefix of the full one. Entries lie in bundles, cut in the same way, and
so do the ledger's own `disclosures/` and `digests/`. Pure functions: where files lie is for callers to know.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from ledger.errors import MalformedError, NotFoundError, ProofError
from ledger.merkle.hashing import HASH_SIZE, node_hash
from ledger.merkle.tree import NodeReader

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
ENTRY_MAX = 0xFFFF  # bytes: what a uint16 before it can say

_TILE_BYTES = TILE_WIDTH * HASH_SIZE
_PATH = re.compile(
    r"(?P<prefix>tile/(?P<level>[0-9]|[1-5][0-9]|6[0-3])|tile/entries|disclosures|digests)"
    r"/(?P<number>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True)
class TilePath:
    """What a path names.

    kind: `tile`, `entries`, `disclosures` or `digests`. level: 0 to 63 of a tile, None of all else.
    n: 0-based place among the tiles of its level. width: 1 to 256; 256 is a full one.
    """

    kind: str
    level: int | None
    n: int
    width: int


def tile_path(level: int, n: int, width: int = TILE_WIDTH) -> str:
    """Name a tile of hashes: `tile/0/x001/x234/067.p/5`."""
    return numbered_path(f"tile/{level}", n, width)


def entries_path(n: int, width: int = TILE_WIDTH) -> str:
    """Name a bundle of entries: `tile/entries/067`."""
    return numbered_path("tile/entries", n, width)


def numbered_path(prefix: str, n: int, width: int = TILE_WIDTH) -> str:
    """Name file `n` under a prefix, n in groups of three digits: `digests/x001/000.p/17`.

    n: 0 <= n < 10^18. width: 1 to 256, in the name only where the file is partial.
    """
    *leading, last = (group.zfill(3) for group in f"{n:,}".split(","))
    number = "".join(f"x{group}/" for group in leading) + last
    return f"{prefix}/{number}" if width == TILE_WIDTH else f"{prefix}/{number}.p/{width}"


def parse_path(path: str) -> TilePath:
    """Read what `tile_path`, `entries_path` or, for `disclosures` and `digests`, `numbered_path` printed.

    Raises MalformedError for anything else, another spelling of the same number among it.
    """
    if match := _PATH.fullmatch(path):
        level = int(match["level"]) if match["level"] else None
        kind = match["prefix"].removeprefix("tile/") if level is None else "tile"
        n = int(match["number"].replace("x", "").replace("/", ""))
        width = int(match["width"] or TILE_WIDTH)
        if width <= TILE_WIDTH and numbered_path(match["prefix"], n, width) == path:
            return TilePath(kind, level, n, width)
    raise MalformedError(f"not the path of a tile: {path[:60]!r}; write tile/0/x001/x234/067 or tile/entries/000.p/5")


def tile_widths(size: int, level: int) -> Iterator[tuple[int, int]]:
    """List the tiles of one level, as (n, width), that a tree of `size` leaves has: full ones, then a partial one.

    At level 0 these are the entry bundles, disclosures and digests as well.
    """
    full, rest = divmod(size >> TILE_HEIGHT * level, TILE_WIDTH)
    yield from ((n, TILE_WIDTH) for n in range(full))
    if rest:
        yield full, rest


def tiles_of(size: int) -> Iterator[tuple[int, int, int]]:
    """List all tiles of hashes, as (level, n, width), that a tree of `size` leaves has, from the leaves upwards."""
    level = 0
    while size >> TILE_HEIGHT * level:
        for n, width in tile_widths(size, level):
            yield level, n, width
        level += 1


def node_from_tiles(read: Callable[[int, int, int], bytes], size: int) -> NodeReader:
    """Read the complete nodes of a tree of `size` leaves out of its tiles.

    read: gives the bytes of the tile (level, n, width); each is read once and kept, so make a reader for one task and
    let it go. A full tile is held against its hash in the tile above, up to the partial ones at the top: what those
    say, only a root from a checkpoint can vouch for.

    The reader raises ProofError where a tile is of another length or another hash, NotFoundError for a node that this
    tree has not completed; and whatever `read` raises.
    """

    @cache
    def layers(tile_level: int, n: int) -> list[list[bytes]]:
        width = min(TILE_WIDTH, (size >> TILE_HEIGHT * tile_level) - n * TILE_WIDTH)
        tile = read(tile_level, n, width)
        _require_width(tile, width, level=tile_level, n=n)
        found = _layers(tile)
        if width == TILE_WIDTH and found[-1][0] != node(TILE_HEIGHT * (tile_level + 1), n):
            raise ProofError(f"{tile_path(tile_level, n)} does not hash to its place in the tile above", size=size)
        return found

    def node(level: int, index: int) -> bytes:
        if index + 1 << level > size:
            raise NotFoundError(f"a tree of {size} leaves has no complete node {index} at level {level}", size=size)
        tile_level, height = divmod(level, TILE_HEIGHT)
        n, place = divmod(index, TILE_WIDTH >> height)
        return layers(tile_level, n)[height][place]

    return node


def extend_tiles(
    old_size: int, leaf_hashes: Sequence[bytes], read: Callable[[int, int], bytes]
) -> dict[tuple[int, int], bytes]:
    """Append leaves, and give all tiles that this changes, whole, by (level, n).

    read: gives the present bytes of the tile (level, n) that a tree of `old_size` leaves has there, asked only for
    partial ones. Costs about a node hash a leaf, and 255 more where a tile is filled.

    Raises ProofError where a tile read is not as wide as `old_size` asks.
    """
    changed: dict[tuple[int, int], bytes] = {}
    level, start, hashes = 0, old_size, list(leaf_hashes)
    while hashes:
        n, kept = divmod(start, TILE_WIDTH)
        present = read(level, n) if kept else b""
        _require_width(present, kept, level=level, n=n)
        row = present + b"".join(hashes)
        tiles = [row[at : at + _TILE_BYTES] for at in range(0, len(row), _TILE_BYTES)]
        changed |= {(level, n + i): tile for i, tile in enumerate(tiles)}
        # Roots of tiles that are full now are the next level's new hashes; the first of them stands at place n there.
        hashes = [_layers(tile)[-1][0] for tile in tiles if len(tile) == _TILE_BYTES]
        level, start = level + 1, n
    return changed


def pack_entries(leaves: Iterable[bytes]) -> bytes:
    """Write an entry bundle: each leaf's data after its length, a big-endian uint16.

    Raises MalformedError where a leaf is of more than 65,535 bytes.
    """
    parts: list[bytes] = []
    for leaf in leaves:
        if len(leaf) > ENTRY_MAX:
            raise MalformedError(f"an entry of {len(leaf)} bytes: a bundle holds entries of at most {ENTRY_MAX}")
        parts += len(leaf).to_bytes(2, "big"), leaf
    return b"".join(parts)


def unpack_entries(data: bytes, count: int) -> list[bytes]:
    """Read an entry bundle of `count` entries.

    Raises MalformedError where it holds fewer, or anything after them.
    """
    entries: list[bytes] = []
    at = 0
    for _ in range(count):
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if at > len(data):
            raise MalformedError(f"an entry bundle ends within entry {len(entries)} of {count}")
        entries.append(data[start:at])
    if at < len(data):
        raise MalformedError(f"an entry bundle holds {len(data) - at} bytes more than its {count} entries")
    return entries


def _layers(tile: bytes) -> list[list[bytes]]:
    """The complete nodes over a tile, level by level: its own hashes first and, where it is full, its root last."""
    layers = [[tile[at : at + HASH_SIZE] for at in range(0, len(tile), HASH_SIZE)]]
    while len(layers[-1]) > 1:
        layers.append(list(map(node_hash, layers[-1][::2], layers[-1][1::2])))
    return layers


def _require_width(tile: bytes, width: int, *, level: int, n: int) -> None:
    if len(tile) != width * HASH_SIZE:
        raise ProofError(f"{tile_path(level, n)} is {len(tile)} bytes, and not {width} hashes of {HASH_SIZE}")
