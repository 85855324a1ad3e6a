"""Private keys as text: PKCS#8 in PEM (RFC 5958, RFC 7468), encrypted where a passphrase is given."""

from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ledger.errors import MalformedError


class Serializable(Protocol):
    """What every private key of the library has in common."""

    def private_bytes(
        self, encoding: Encoding, shape: PrivateFormat, encryption: KeySerializationEncryption, /
    ) -> bytes: ...


def from_pem(pem: bytes, passphrase: bytes | None) -> object:
    """A private key of any algorithm; the caller takes those that are its own.

    Raises MalformedError where it is none, or the passphrase does not open it.
    """
    try:
        return load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise MalformedError("not a private key in PEM, or its passphrase is another or missing") from None


def to_pem(private: Serializable, passphrase: bytes | None) -> bytes:
    """passphrase: None to leave the key unencrypted; an empty one is refused, as it would."""
    if passphrase == b"":
        raise MalformedError("an empty passphrase protects nothing: give one, or none")
    encryption = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
