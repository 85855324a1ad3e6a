"""Refusals: the log's signed word that it did not take an envelope, at which size of the log, and when.

A JWS by the log's key (design: formats, "Envelope"). Whoever holds the envelopes that it names and the log up to its
size can replay what the rules asked for: a refusal that they did not ask for convicts the hub. The reason is words.
"""

from dataclasses import dataclass
from datetime import datetime

from ledger.errors import MalformedError, SignatureError
from ledger.signing import jws as statements
from ledger.signing.canonical import INTEGER_MAX, Json
from ledger.signing.encoding import from_base64url, to_base64url
from ledger.signing.entry import format_time, parse_time
from ledger.signing.keys import PublicKey
from ledger.signing.note import NoteSigner, Verifier

TYP = "cohort-refusal+jwt"
BEFORE_MAX = 999  # a post has at most 1,000 envelopes
_HASH_SIZE = 32


@dataclass(frozen=True, slots=True)
class Refusal:
    """origin: the log's. size: how many entries it had. received: by the hub's clock, as it would have stood in the
    entry. envelope: SHA-256 of the refused JWS; before: of those before it in the post, in order.
    """

    origin: str
    size: int
    received: datetime
    envelope: bytes
    before: tuple[bytes, ...]
    reason: str


def sign_refusal(refusal: Refusal, signer: NoteSigner) -> str:
    """Sign a refusal as the log. Raises MalformedError for what `read_refusal` would not take under its key."""
    payload: dict[str, Json] = {
        "origin": refusal.origin,
        "size": refusal.size,
        "received": format_time(refusal.received),
        "envelope": to_base64url(refusal.envelope),
        "before": [to_base64url(each) for each in refusal.before],
        "reason": refusal.reason,
    }
    if _refusal(payload).origin != signer.name:
        raise MalformedError(f"a refusal by {refusal.origin} is not {signer.name}'s to sign")
    return statements.sign(payload, typ=TYP, key=signer.key).text


def read_refusal(text: str, log_key: Verifier) -> Refusal:
    """Read and check a refusal by a log.

    Raises MalformedError for what `sign_refusal` would not print, SignatureError where another signed it, or it is
    about another log.
    """
    signed = statements.parse(text, typ=TYP)
    statements.verify(signed, PublicKey.from_raw(log_key.public_key))
    refusal = _refusal(signed.payload)
    if refusal.origin != log_key.name:
        raise SignatureError("the refusal is by another log", expected=log_key.name, actual=refusal.origin)
    return refusal


def _refusal(payload: Json) -> Refusal:
    match payload:
        case {
            "origin": str(origin),
            "size": int(size),
            "received": str(received),
            "envelope": str(envelope),
            "before": list(before),
            "reason": str(reason),
            **rest,
        } if not rest and type(size) is int and 0 <= size <= INTEGER_MAX and len(before) <= BEFORE_MAX:
            return Refusal(
                origin=origin,
                size=size,
                received=parse_time(received),
                envelope=_hash(envelope),
                before=tuple(map(_hash, before)),
                reason=reason,
            )
    raise MalformedError("a refusal has origin, size, received, envelope, before and reason, and nothing else")


def _hash(value: Json) -> bytes:
    if not isinstance(value, str):
        raise MalformedError("a refusal names envelopes by their hashes, in base64url")
    return from_base64url(value, size=_HASH_SIZE)
