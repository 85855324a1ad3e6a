"""The tree's hashes at rest: a row a tile, the partial one at the right edge rewritten until it is full."""

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, select

from ledger.errors import TamperedError
from ledger.merkle.hashing import HASH_SIZE
from ledger.merkle.tiles import node_from_tiles, tile_path, tiles_of
from ledger.merkle.tree import NodeReader
from ledger.store.tables import tiles

_AT = (tiles.c.level == bindparam("at_level")) & (tiles.c.n == bindparam("at_n"))


def read_tile(conn: Connection, level: int, n: int) -> bytes:
    """All hashes of a tile that are stored, 32 bytes each; none where the tree does not reach it."""
    data = conn.execute(select(tiles.c.data).where(_AT), {"at_level": level, "at_n": n}).scalar_one_or_none()
    return data or b""


def write_tiles(conn: Connection, changed: Mapping[tuple[int, int], bytes]) -> None:
    """Store tiles, whole, by (level, n), over what was there."""
    if changed:
        conn.execute(tiles.delete().where(_AT), [{"at_level": level, "at_n": n} for level, n in changed])
        conn.execute(tiles.insert(), [{"level": level, "n": n, "data": data} for (level, n), data in changed.items()])


def node_reader(conn: Connection, size: int) -> NodeReader:
    """Read the nodes of the tree's first `size` leaves; see `node_from_tiles`. Good for one task in one transaction."""

    def read(level: int, n: int, width: int) -> bytes:
        return read_tile(conn, level, n)[: width * HASH_SIZE]

    return node_from_tiles(read, size)


def check_tiles(conn: Connection, size: int) -> None:
    """Raises TamperedError, which names the first tile that is stored and not of a tree of this size, or not whole."""
    wanted = {(level, n): width * HASH_SIZE for level, n, width in tiles_of(size)}
    found = {(level, n): len(data) for level, n, data in conn.execute(select(tiles.c.level, tiles.c.n, tiles.c.data))}
    for level, n in sorted(wanted.keys() | found.keys()):
        if wanted.get((level, n)) != found.get((level, n)):
            raise TamperedError(f"tiles: {tile_path(level, n)} is not stored as a log of {size} entries has it")
