"""The tree's hashes at rest: a row a tile, the partial one at the right edge rewritten until it is full."""

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, select

from ledger.merkle.hashing import HASH_SIZE
from ledger.merkle.tiles import node_from_tiles
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
