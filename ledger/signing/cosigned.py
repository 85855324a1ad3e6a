"""What a cosignature is over: a time, and a checkpoint (C2SP tlog-cosignature).

There are two such messages, for two kinds of keys: `cosignature/v1`, which is text, for Ed25519, and `subtree/v1`, a
structure of RFC 8446, section 3, for ML-DSA-44. Whose they are and who signs them is not known here.
"""

from ledger.errors import MalformedError
from ledger.signing.encoding import from_base64, from_decimal

COSIGNED_AT_MAX = 2**63 - 1  # seconds since the epoch
COSIGNED_NAME_MAX = 255  # bytes, of a cosigner's name and of an origin, under ML-DSA-44

_SUBTREE = b"subtree/v1\n\0"
_ROOT_SIZE = 32
_INTEGER_SIZE = 8  # bytes, big-endian


def checkpoint_lines(text: str) -> tuple[str, int, bytes]:
    """Origin, size and root hash of a checkpoint's text (C2SP tlog-checkpoint), which has no extension lines here.

    Raises MalformedError for any other text.
    """
    match text.split("\n"):
        case [origin, size, root, ""] if origin:
            return origin, from_decimal(size), from_base64(root, size=_ROOT_SIZE)
    raise MalformedError("a checkpoint is an origin, a size and a root hash, each on a line, and nothing else")


def cosignature_message(text: str, *, time_s: int) -> bytes:
    """A time, in seconds since the epoch, and the whole text: `cosignature/v1`. It does not name the cosigner."""
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


def subtree_message(text: str, *, time_s: int, cosigner: str) -> bytes:
    """The cosigner's name, a time, and the whole tree that a checkpoint is about: `subtree/v1`, from leaf 0 to its end.

    Raises MalformedError for a text that is no checkpoint, and a name or an origin of over 255 bytes.
    """
    origin, size, root = checkpoint_lines(text)
    time, start, end = (number.to_bytes(_INTEGER_SIZE) for number in (time_s, 0, size))
    return b"".join([_SUBTREE, _short(cosigner), time, _short(origin), start, end, root])


def _short(text: str) -> bytes:
    """An `opaque<1..2^8-1>`: its length in one byte before it."""
    data = text.encode()
    if not 0 < len(data) <= COSIGNED_NAME_MAX:
        raise MalformedError(f"a name or origin under ML-DSA-44 cosignatures has at most {COSIGNED_NAME_MAX} bytes")
    return bytes([len(data)]) + data
