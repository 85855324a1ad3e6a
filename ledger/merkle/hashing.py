"""How RFC 6962 (section 2.1) hashes the leaves and inner nodes of a Merkle tree: SHA-256, with a prefix for each.

The prefixes keep a leaf from being passed off as an inner node. Signatures and checkpoints know nothing of this.
"""

from hashlib import sha256

HASH_SIZE = 32
EMPTY_ROOT = sha256().digest()


def leaf_hash(data: bytes) -> bytes:
    """Hash a leaf's data, of any length, to 32 bytes."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees' roots, 32 bytes each, to that of the tree over both."""
    return sha256(b"\x01" + left + right).digest()
