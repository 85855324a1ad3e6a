"""What a view of the ledger is cited by, so that anybody may ask later whether it was so.

An index says which entries are meant, the digest what they made of the database, and the root which entries they are:
whoever has a later checkpoint can be shown that it goes on from there.
"""

from dataclasses import dataclass

from ledger.merkle.tree import root_at
from ledger.store.engine import Engine, reading
from ledger.store.entries import find_entry
from ledger.store.head import read_head
from ledger.store.tiles import node_reader


@dataclass(frozen=True, slots=True)
class Cited:
    """index: of the last entry of the view. received: RFC 3339. digest: of the database after it, 32 bytes; root: of
    the tree of the entries up to it, 32 bytes.
    """

    index: int
    received: str
    digest: bytes
    root: bytes

    @property
    def size(self) -> int:
        return self.index + 1

    def differs(self, *, digest: bytes | None, root: bytes | None) -> tuple[str, ...]:
        """Which of these it was cited with, and is not so here."""
        named = (("digest", digest, self.digest), ("root", root, self.root))
        return tuple(name for name, stated, here in named if stated is not None and stated != here)


def cite(engine: Engine, index: int | None) -> tuple[Cited | None, int]:
    """How a view up to an index is cited (None: the last one), None where there is no such entry; and how many entries
    there are.
    """
    with reading(engine) as connection:
        size = read_head(connection).size
        place = size - 1 if index is None else index
        entry = find_entry(connection, index=place) if 0 <= place < size else None
        if entry is None:
            return None, size
        return Cited(place, entry.received, entry.digest, root_at(place + 1, node_reader(connection, size))), size
