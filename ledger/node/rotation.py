"""A node's change of keys: what brings a new one, and which of its keys signs what comes next.

The present key signs the envelope that brings a new one, the new key all that follows. The new key's proof is of the
place in the stream that the envelope gets. So the draft names the key alone, and the proof is given when it is sealed:
again, where another device of the node was faster.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from ledger.cohort.database import Head
from ledger.events.alliance import KeyRotated
from ledger.node.drafts import Draft
from ledger.signing.canonical import Json
from ledger.signing.envelope import Envelope
from ledger.signing.keys import PublicKey, SigningKey
from ledger.signing.possession import prove_possession

Keys = Callable[[str], SigningKey]  # a node's, by their thumbprints; raises where it has none of that name


class StreamEnd(NamedTuple):
    """Where a node's stream stands. head: its last envelope, None before the first. kid: thumbprint of the key that
    signs the next one.
    """

    head: Head | None
    kid: str

    def behind(self, envelope: Envelope) -> "StreamEnd":
        """The end once that is taken; what the stream has already changes nothing.

        Raises MalformedError where it brings a key that is none.
        """
        claims = envelope.claims
        if self.head is not None and claims.seq <= self.head.seq:
            return self
        return StreamEnd(Head(claims.seq, envelope.hash), brought_by(claims.type, claims.data) or self.kid)


def draft_of(key: PublicKey) -> str:
    """The draft that brings a key, as a line. Its proof is given when it is sealed."""
    return json.dumps({"type": KeyRotated.TYPE, "data": {"key": dict(key.jwk)}})


def brought_by(type_: str, data: Mapping[str, Json]) -> str | None:
    """Thumbprint of the key that an event brings, None where it brings none.

    Raises MalformedError for a JWK that is none.
    """
    jwk = data.get("key")
    if type_ != KeyRotated.TYPE or not isinstance(jwk, dict):  # what has no key at all, its schema refuses
        return None
    return PublicKey.from_jwk(jwk).thumbprint


def with_proof(draft: Draft, keys: Keys, *, node: str, origin: str, head: Head | None) -> Draft:
    """The draft of a rotation with the new key's proof for its place; one that has a proof already stays as it is."""
    brought = brought_by(draft.type, draft.data)
    if brought is None or "proof" in draft.data:
        return draft
    proof = prove_possession(key=keys(brought), node=node, origin=origin, prev=head.hash if head else None)
    return replace(draft, data={**draft.data, "proof": proof})
