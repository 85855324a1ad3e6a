"""Merkle proofs: that a leaf is in a tree, and that one tree is the beginning of another.

Proofs are those of RFC 6962 (2.1.1 and 2.1.2); the checks follow RFC 9162 (2.1.3.2 and 2.1.4.2). Sizes and roots come
from checkpoints whose signatures the caller has verified: nothing here knows who signed what.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache

from ledger.errors import NotFoundError, ProofError
from ledger.merkle.hashing import HASH_SIZE, node_hash
from ledger.merkle.tree import NodeReader, range_root, root_at


def prove_inclusion(index: int, size: int, nodes: NodeReader) -> tuple[bytes, ...]:
    """Prove that leaf `index` is in the tree of `size` leaves: PATH(index, D[size]), from the leaf upwards.

    Raises NotFoundError where that tree has no such leaf.
    """
    return prover(size, nodes)(index)


def prover(size: int, nodes: NodeReader) -> Callable[[int], tuple[bytes, ...]]:
    """Prove leaf after leaf of one tree, as `prove_inclusion` does; siblings that proofs share are joined once."""

    @cache
    def root_of(start: int, end: int) -> bytes:
        return range_root(start, end, nodes)

    def prove(index: int) -> tuple[bytes, ...]:
        if not 0 <= index < size:
            raise NotFoundError(f"the log has no entry {index} at size {size}", index=index, size=size)
        path = []
        start, end = 0, size
        while end - start > 1:
            middle = _split(start, end)
            if index < middle:
                path.append(root_of(middle, end))
                end = middle
            else:
                path.append(root_of(start, middle))
                start = middle
        return tuple(reversed(path))

    return prove


def check_inclusion(proof: Sequence[bytes], *, leaf_hash: bytes, index: int, size: int, root: bytes) -> None:
    """Check that the root of a tree of `size` leaves commits to a leaf at place `index`.

    proof: sibling hashes, 32 bytes each, from the leaf upwards; at most ceil(log2(size)) of them.

    Raises ProofError where the proof leads elsewhere (treat as tampering), or is not of the shape that index and size
    ask for: a hash short, to spare, or not of 32 bytes.
    """
    _require_hashes(leaf_hash, root, *proof)
    if not 0 <= index < size:
        raise ProofError(f"the log has no entry {index} at size {size}", index=index, size=size)
    reached = leaf_hash
    for on_left, sibling in _climb(index, size - 1, proof):
        reached = node_hash(sibling, reached) if on_left else node_hash(reached, sibling)
    if reached != root:
        raise ProofError(f"entry {index} is not under the root of size {size}", index=index, size=size)


def prove_consistency(old_size: int, size: int, nodes: NodeReader) -> tuple[bytes, ...]:
    """Prove that the tree of `old_size` leaves is the beginning of that of `size`: PROOF(old_size, D[size]).

    Empty for equal sizes, and from size 0, with which every tree is consistent.
    Raises NotFoundError unless 0 <= old_size <= size.
    """
    if not 0 <= old_size <= size:
        raise NotFoundError(f"a log of {size} entries never had {old_size}", size=size)
    if old_size == 0:
        return ()
    path = []
    start, end = 0, size
    while end != old_size:
        middle = _split(start, end)
        if old_size <= middle:
            path.append(range_root(middle, end, nodes))
            end = middle
        else:
            path.append(range_root(start, middle, nodes))
            start = middle
    if start > 0:  # else what is left is the old tree itself, whose root the verifier holds
        path.append(range_root(start, end, nodes))
    return tuple(reversed(path))


def check_consistency(proof: Sequence[bytes], *, old_size: int, old_root: bytes, size: int, root: bytes) -> None:
    """Check that a tree of `size` leaves begins with the tree of `old_size` leaves, unchanged.

    proof: hashes of 32 bytes, from the old tree's last complete subtree upwards; empty for equal sizes, whose roots
    must be equal, and from size 0, whose root says nothing and is not looked at.

    Raises ProofError where the proof leads elsewhere (treat as tampering: the log shows two histories), or is not of
    the shape that the sizes ask for.
    """
    _require_hashes(old_root, root, *proof)
    if not 0 <= old_size <= size:
        raise ProofError(f"a log of {size} entries never had {old_size}", size=size)
    if old_size in {0, size}:
        if proof:
            raise ProofError(f"from size {old_size} to {size} there is nothing to prove", size=size)
        if old_size == size and old_root != root:
            raise ProofError(f"two roots for one size, {size}", size=size)
        return
    # A complete old tree is itself the first hash of the way: the proof leaves out what its verifier holds.
    way = [old_root, *proof] if old_size.bit_count() == 1 else proof
    if beginning_roots(way, old_size=old_size, size=size) != (old_root, root):
        raise ProofError(f"the log of size {size} does not begin with that of size {old_size}", size=size)


def prove_beginning(old_size: int, size: int, nodes: NodeReader) -> tuple[bytes, ...]:
    """Name what the root of `size` leaves and that of its first `old_size` both follow from: SUBPROOF(old_size,
    D[size], false). It is a consistency proof that leaves nothing out, so that it also shows *which* tree this one
    begins with, to whoever was shown another of that size.

    0 < old_size < size.
    """
    proof = prove_consistency(old_size, size, nodes)
    return (root_at(old_size, nodes), *proof) if old_size.bit_count() == 1 else proof


def beginning_roots(proof: Sequence[bytes], *, old_size: int, size: int) -> tuple[bytes, bytes]:
    """Compute the roots that a proof by `prove_beginning` leads to: of the first `old_size` leaves, and of all.

    Where the second is a root that the log signed, the first is that tree's own root at `old_size`, whoever made the
    proof: no other hashes lead there. Where it is not, the first says nothing.

    Raises ProofError where the proof is not of the shape that the sizes ask for, 0 < old_size < size.
    """
    _require_hashes(*proof)
    if not 0 < old_size < size:
        raise ProofError(f"a log of {size} entries does not begin with a smaller one of {old_size}", size=size)
    if not proof:
        raise _too_short()
    level = (old_size & -old_size).bit_length() - 1
    old_reached = reached = proof[0]
    for on_left, sibling in _climb(old_size - 1 >> level, size - 1 >> level, proof[1:]):
        if on_left:
            old_reached = node_hash(sibling, old_reached)
            reached = node_hash(sibling, reached)
        else:
            reached = node_hash(reached, sibling)
    return old_reached, reached


def _split(start: int, end: int) -> int:
    """Where RFC 6962 parts a tree in two: after the largest power of two that is smaller than its size."""
    return start + (1 << (end - start - 1).bit_length() - 1)


def _climb(place: int, last: int, siblings: Sequence[bytes]) -> Iterator[tuple[bool, bytes]]:
    """Walk from a node to the root (RFC 9162, 2.1.3.2 step 4), each sibling with whether it stands on the left.

    place, last: 0-based, at one level: that of the node, and the level's last.
    """
    for sibling in siblings:
        if last == 0:
            raise ProofError("the proof has a hash to spare")
        on_left = place & 1 == 1 or place == last
        yield on_left, sibling
        if on_left:
            while place and not place & 1:  # the last of its level, alone: it goes up as it is
                place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    if last > 0:
        raise _too_short()


def _too_short() -> ProofError:
    return ProofError("the proof ends before the root")


def _require_hashes(*hashes: bytes) -> None:
    for candidate in hashes:
        if len(candidate) != HASH_SIZE:
            raise ProofError(f"a hash of {len(candidate)} bytes, where each has {HASH_SIZE}")
