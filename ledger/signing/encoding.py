"""Bytes and numbers as text: base64 and base64url (RFC 4648, 4 and 5) and decimal, each with one spelling per value.

Decoders of the standard library drop junk, take stray trailing bits, signs and underscores. Here what is read must
print back as the same text, so a signed text cannot be respelled under its signature.
"""

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable

from ledger.errors import MalformedError

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/???")  # what is of the other alphabet is of none
_PADDING = b"=="
_DIGITS_OF_URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# by how many digits stand after the last whole group of four: those that leave no bit over may be the last
_LAST = (_DIGITS_OF_URL, "", _DIGITS_OF_URL[::16], _DIGITS_OF_URL[::4])
_DIGITS = 43  # of 32 bytes
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,17}")


def to_base64url(data: bytes) -> str:
    """Base64url without padding, as JOSE writes it (RFC 7515, 2)."""
    return b2a_base64(data, newline=False).rstrip(b"=").translate(_TO_URL).decode("ascii")


def from_base64url(text: str, *, size: int | None = None) -> bytes:
    """Read unpadded base64url; `size` is the length in bytes that it must have, where one is known.

    Raises MalformedError for any text that `to_base64url` would not print.
    """
    last = text[-1:]
    if last not in _LAST[len(text) % 4]:
        raise MalformedError("not base64url in its one spelling: no padding, no stray bits")
    try:
        data = a2b_base64(text.encode("ascii").translate(_FROM_URL) + _PADDING[: -len(text) % 4], strict_mode=True)
    except ValueError:
        raise MalformedError("not base64url in its one spelling: no padding, no stray bits") from None
    return _of_size(data, size)


def digests_as_text(digests: Iterable[bytes]) -> list[str]:
    """Digests of 32 bytes each in base64url, all at one go: with a zero byte each fills a whole number of digits."""
    text = b2a_base64(b"\0".join([*digests, b""]), newline=False).translate(_TO_URL).decode("ascii")
    return [text[start : start + _DIGITS] for start in range(0, len(text), _DIGITS + 1)]


def to_base64(data: bytes) -> str:
    """Standard base64 with padding, as C2SP notes write it."""
    return b2a_base64(data, newline=False).decode("ascii")


def from_base64(text: str, *, size: int | None = None) -> bytes:
    """Read padded standard base64; `size` is the length in bytes that it must have, where one is known.

    Raises MalformedError for any text that `to_base64` would not print.
    """
    try:
        data = a2b_base64(text)
    except ValueError:
        raise MalformedError("not base64") from None
    if to_base64(data) != text:
        raise MalformedError("not base64 in its one spelling: padded, no stray bits")
    return _of_size(data, size)


def from_decimal(text: str) -> int:
    """Read a size or an index: ASCII digits, no sign, no leading zero, below 10^18 (it fits 64 bits everywhere).

    Raises MalformedError for any text that `str` would not print.
    """
    if not _DECIMAL.fullmatch(text):
        raise MalformedError("not a decimal number in its one spelling: digits only, no leading zero")
    return int(text)


def _of_size(data: bytes, size: int | None) -> bytes:
    if size is not None and len(data) != size:
        raise MalformedError(f"{len(data)} bytes where {size} are asked for", expected=size, actual=len(data))
    return data
