"""Cosignatures: a witness's word that a checkpoint extends all that it saw of a log before (C2SP tlog-cosignature, v1).

A cosignature is a note signature of type 0x04: 8 bytes of big-endian time, then Ed25519 over that time and the whole
checkpoint text. That the checkpoint does extend what was seen is the witness's to check before it signs.
"""

from ledger.errors import MalformedError, SignatureError
from ledger.signing.checkpoint import Checkpoint
from ledger.signing.note import (
    COSIGNATURE,
    COSIGNED_AT_MAX,
    COSIGNED_AT_SIZE,
    NoteSignature,
    NoteSigner,
    Verifier,
    cosigned,
)


def cosign(checkpoint_text: str, *, time_s: int, signer: NoteSigner) -> NoteSignature:
    """Cosign a checkpoint's text at a time in seconds since the epoch.

    Raises MalformedError for another text, and a time below 0 or beyond 2^63 - 1.
    """
    Checkpoint.parse(checkpoint_text)
    if not 0 <= time_s <= COSIGNED_AT_MAX:
        raise MalformedError("a cosignature's time is in seconds since the epoch")
    signature = signer.key.sign(cosigned(checkpoint_text, time_s=time_s))
    return NoteSignature(signer.name, signer.cosigner.key_id, time_s.to_bytes(COSIGNED_AT_SIZE) + signature)


def check_cosignature(signature: NoteSignature, *, checkpoint_text: str, verifier: Verifier) -> int:
    """Check a witness's cosignature; the time that it states, in seconds since the epoch.

    Raises SignatureError where it is another key's, is no cosignature, or does not hold.
    """
    if verifier.type != COSIGNATURE or (signature.name, signature.key_id) != (verifier.name, verifier.key_id):
        raise SignatureError("not a cosignature by this witness", expected=verifier.name, actual=signature.name)
    verifier.check(signature.signature, checkpoint_text)
    return int.from_bytes(signature.signature[:COSIGNED_AT_SIZE])
