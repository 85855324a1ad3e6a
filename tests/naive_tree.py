"""RFC 6962, section 2.1, word for word: recursive, slow, and sharing nothing with what it checks."""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256

LEAVES = tuple(f"entry {place}".encode() for place in range(100))


def mth(leaves: Sequence[bytes]) -> bytes:
    """MTH(D[n]), section 2.1."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = _largest_power_of_two_below(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D[n]), section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = _largest_power_of_two_below(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def consistency(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PROOF(m, D[n]), section 2.1.2, for 0 < m < n, and nothing for m = n."""
    return _subproof(m, leaves, known=True)


def beginning(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """SUBPROOF(m, D[n], false), section 2.1.2, for 0 < m < n."""
    return _subproof(m, leaves, known=False)


def leaf(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


@cache
def node(level: int, index: int) -> bytes:
    """Read a complete node over LEAVES."""
    end = (index + 1) << level
    assert end <= len(LEAVES), "only complete nodes may be asked for"
    return mth(LEAVES[index << level : end])


def _subproof(m: int, leaves: Sequence[bytes], *, known: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if known else [mth(leaves)]
    k = _largest_power_of_two_below(len(leaves))
    if m <= k:
        return [*_subproof(m, leaves[:k], known=known), mth(leaves[k:])]
    return [*_subproof(m - k, leaves[k:], known=False), mth(leaves[:k])]


def _largest_power_of_two_below(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k
