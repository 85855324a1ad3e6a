"""The shape of an append-only Merkle tree (RFC 6962, section 2.1) and its root, from as few hashes as there are.

A node is (level, index): the root of the complete subtree over the leaves `index << level` up to, and without,
`(index + 1) << level`. Level 0 holds the leaf hashes. Complete nodes never change again, so they alone are stored and
named; what is ragged at the tree's right edge is hashed anew from them. Where nodes lie is no business of this module.
"""

from collections.abc import Callable, Iterator, Sequence

from ledger.errors import ProofError
from ledger.merkle.hashing import EMPTY_ROOT, HASH_SIZE, node_hash

NodeReader = Callable[[int, int], bytes]
"""Gives the 32-byte hash of the complete node at (level, index)."""


class Frontier:
    """All that a growing tree must remember: the roots of its largest complete subtrees (its peaks), left to right.

    peaks: 32 bytes each, one for every 1 bit of `size`, the largest subtree first.

    Raises ProofError where size and peaks do not belong together: stored state has been altered.
    """

    __slots__ = ("_peaks", "_size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if size < 0 or len(peaks) != size.bit_count() or any(len(peak) != HASH_SIZE for peak in peaks):
            raise ProofError(f"these are not the peaks of a tree of {size} leaves", size=size)
        self._size = size
        self._peaks = list(peaks)

    @classmethod
    def at(cls, size: int, nodes: NodeReader) -> "Frontier":
        """Take a stored tree up again, from at most log2(size) + 1 nodes."""
        return cls(size, _peaks(0, size, nodes))

    @property
    def size(self) -> int:
        return self._size

    @property
    def peaks(self) -> tuple[bytes, ...]:
        return tuple(self._peaks)

    @property
    def root(self) -> bytes:
        return _join(self._peaks)

    def append(self, leaf_hash: bytes) -> None:
        """Add a leaf by its 32-byte hash: one node hash on average, at most log2(size) + 1."""
        peak = leaf_hash
        # Each trailing 1 bit of the size is a subtree as large as the one in hand: they become one, as in a carry.
        for _ in range((~self._size & self._size + 1).bit_length() - 1):
            peak = node_hash(self._peaks.pop(), peak)
        self._peaks.append(peak)
        self._size += 1

    def copy(self) -> "Frontier":
        return Frontier(self._size, self._peaks)


def root_at(size: int, nodes: NodeReader) -> bytes:
    """Compute the root of the tree's first `size` leaves, from at most log2(size) + 1 nodes."""
    return range_root(0, size, nodes)


def range_root(start: int, end: int, nodes: NodeReader) -> bytes:
    """Compute MTH(D[start:end]) of RFC 6962: what a proof names, and where `end` is the tree's size, its right edge.

    start: a multiple of the smallest power of two that is no less than `end - start`.
    """
    return _join(_peaks(start, end, nodes))


def _peaks(start: int, end: int, nodes: NodeReader) -> list[bytes]:
    return [nodes(level, index) for level, index in _complete_nodes(start, end)]


def _complete_nodes(start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def _join(peaks: Sequence[bytes]) -> bytes:
    if not peaks:
        return EMPTY_ROOT
    *larger, root = peaks
    for peak in reversed(larger):
        root = node_hash(peak, root)
    return root
