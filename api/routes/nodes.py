"""Where a node's stream stands: what it signs next."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path

from api.hub import OpenHub
from api.problems import documented
from ledger.cohort.memorandum import Memorandum
from ledger.errors import NotFoundError
from ledger.names import SLUG, SLUG_MAX
from ledger.signing import envelope as envelopes
from ledger.signing.encoding import to_base64url
from ledger.signing.keys import PublicKey
from ledger.store.cells import read_versions
from ledger.store.engine import Connection, reading
from ledger.store.entries import find_entry, registered
from ledger.store.head import read_head

router = APIRouter(tags=["nodes"])

Node = Annotated[str, Path(pattern=f"^{SLUG.pattern}$", max_length=SLUG_MAX, examples=["drup-nl"])]


@dataclass(frozen=True, slots=True)
class NextToSign:
    """A stream's head. seq: of its last envelope, null before the first. prev: base64url SHA-256 of that one's JWS,
    which the next one must have. keys: RFC 7638 thumbprints of those in force.
    """

    node: str
    seq: int | None
    prev: str | None
    next_seq: int
    keys: list[str]


@router.get("/nodes/{node}/head", responses=documented(400, 404))
def read_head_of(hub: OpenHub, node: Node) -> NextToSign:
    """What a node signs next, and under which key."""
    with reading(hub.engine) as connection:
        told = registered(connection, read_head(connection).size)
        last = next((event.index for event in reversed(told) if event.node == node), None)
        stored = None if last is None else find_entry(connection, index=last)
        keys = _keys_in_force(connection, hub.memorandum, node)
    if stored is None:
        return NextToSign(node, None, None, 0, keys)
    envelope = envelopes.parse_jws(stored.jws)
    seq = envelope.claims.seq
    return NextToSign(node, seq, to_base64url(envelope.hash), seq + 1, keys)


def _keys_in_force(connection: Connection, memorandum: Memorandum, node: str) -> list[str]:
    """The key that the node brought last; before its first event the one that admits it."""
    brought = [version for version in read_versions(connection, tables=["keys"]) if version.key[0] == node]
    if brought:
        return [max(brought, key=lambda version: version.since).key[1]]
    founder = memorandum.member(node)
    if founder is not None:
        return [founder.public_key.thumbprint]
    for version in read_versions(connection, tables=["resolutions"]):
        values = {field: value for field, (_, value) in version.fields.items()}
        match values:
            case {"subject": "accession", "in_force_at": str(), "content": {"node": str(admitted), "key": dict(jwk)}}:
                if admitted == node:
                    return [PublicKey.from_jwk(jwk).thumbprint]
    raise NotFoundError("there is no such node: it is in neither the memorandum nor an accession in force")
