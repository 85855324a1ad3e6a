"""Cosignatures: a witness's word that a checkpoint extends all that it saw of a log before (C2SP tlog-cosignature).

A cosignature is a note signature that begins with 8 bytes of big-endian time: of type 0x04 (Ed25519, cosignature/v1)
or 0x06 (ML-DSA-44, subtree/v1, of the whole tree). What the two are over stands in `cosigned`. That the checkpoint does
extend what was seen is the witness's to check before it signs.
"""

from typing import Literal, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from ledger.errors import MalformedError, SignatureError
from ledger.signing import pem as pems
from ledger.signing.cosigned import COSIGNED_AT_MAX, checkpoint_lines, cosignature_message, subtree_message
from ledger.signing.note import (
    COSIGNATURE,
    COSIGNATURES,
    COSIGNED_AT_SIZE,
    SUBTREE_COSIGNATURE,
    NoteSignature,
    Verifier,
)

CosigningAlgorithm = Literal["Ed25519", "ML-DSA-44"]
CosigningKey: TypeAlias = Ed25519PrivateKey | MLDSA44PrivateKey


class Cosigner:
    """A witness's name and one of its private keys. It signs; it never shows itself but through `to_pem`.

    verifier: what its cosignatures are checked under. Raises MalformedError for a name that no verifier has.
    """

    __slots__ = ("_private", "verifier")

    def __init__(self, name: str, private: CosigningKey) -> None:
        self._private = private
        kind = COSIGNATURE if isinstance(private, Ed25519PrivateKey) else SUBTREE_COSIGNATURE
        self.verifier = Verifier(name, kind, private.public_key().public_bytes_raw())

    @classmethod
    def from_pem(cls, name: str, pem: bytes, passphrase: bytes | None) -> "Cosigner":
        """Read PKCS#8 in PEM. Raises MalformedError where the passphrase does not open it, or no witness has such a
        key.
        """
        private = pems.from_pem(pem, passphrase)
        if not isinstance(private, CosigningKey):
            raise MalformedError("a witness's key is for Ed25519 or ML-DSA-44")
        return cls(name, private)

    def to_pem(self, passphrase: bytes | None) -> bytes:
        """PKCS#8 in PEM, encrypted where a passphrase is given (not an empty one)."""
        return pems.to_pem(self._private, passphrase)

    @property
    def name(self) -> str:
        return self.verifier.name

    def cosign(self, checkpoint_text: str, time_s: int) -> NoteSignature:
        """Cosign a checkpoint's text at a time in seconds since the epoch.

        Raises MalformedError for another text, for a time before 1 (0 says none) or beyond 2^63 - 1, and under
        ML-DSA-44 for a name or an origin of over 255 bytes.
        """
        checkpoint_lines(checkpoint_text)
        if not 1 <= time_s <= COSIGNED_AT_MAX:
            raise MalformedError("a cosignature's time is in seconds since the epoch")
        if isinstance(self._private, Ed25519PrivateKey):
            signature = self._private.sign(cosignature_message(checkpoint_text, time_s=time_s))
        else:
            signature = self._private.sign(subtree_message(checkpoint_text, time_s=time_s, cosigner=self.name))
        return NoteSignature(self.name, self.verifier.key_id, time_s.to_bytes(COSIGNED_AT_SIZE) + signature)


def check_cosignature(signature: NoteSignature, *, checkpoint_text: str, verifier: Verifier) -> int:
    """Check a witness's cosignature; the time that it states, in seconds since the epoch.

    Raises SignatureError where it is another key's, is no cosignature, or does not hold.
    """
    if verifier.type not in COSIGNATURES or (signature.name, signature.key_id) != (verifier.name, verifier.key_id):
        raise SignatureError("not a cosignature by this witness", expected=verifier.name, actual=signature.name)
    verifier.check(signature.signature, checkpoint_text)
    return int.from_bytes(signature.signature[:COSIGNED_AT_SIZE])
