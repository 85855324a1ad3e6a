"""Proofs of possession: a new key signs that it is a node's, in one log, at one place in the node's stream.

So nobody can enter a key that another holds, nor use the proof given for one log, node or rotation for another.
"""

from ledger.errors import MalformedError
from ledger.signing import jws as signed
from ledger.signing.canonical import Json
from ledger.signing.encoding import to_base64url
from ledger.signing.keys import PublicKey, SigningKey

TYP = "cohort-key-proof+jwt"


def prove_possession(*, key: SigningKey, node: str, origin: str, prev: bytes | None) -> str:
    """The proof, a compact JWS by the new key.

    origin: the log's. prev: hash of the envelope that the rotation follows, None where the node's stream is yet empty.
    """
    return signed.sign(_statement(node, origin, prev), typ=TYP, key=key).text


def check_possession(proof: str, *, key: PublicKey, node: str, origin: str, prev: bytes | None) -> None:
    """Raises MalformedError where the proof states something else, SignatureError where it is not by the new key."""
    jws = signed.parse(proof, typ=TYP)
    if jws.payload != _statement(node, origin, prev):
        raise MalformedError("the proof is for another node, log or place in the stream")
    signed.verify(jws, key)


def _statement(node: str, origin: str, prev: bytes | None) -> dict[str, Json]:
    return {"node": node, "origin": origin, "prev": None if prev is None else to_base64url(prev)}
