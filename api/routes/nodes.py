"""Where a node's stream stands: what it signs next."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path

from api.hub import OpenHub
from api.problems import documented
from ledger.errors import NotFoundError, SignatureError
from ledger.names import SLUG, SLUG_MAX
from ledger.signing.encoding import to_base64url

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


@dataclass(frozen=True, slots=True)
class KeyInForce:
    """key: RFC 7638 thumbprint of the key that the node's next envelope, and its tokens, are signed with."""

    node: str
    key: str


@router.get("/nodes/{node}/key", responses=documented(400, 404))
def read_key_of(hub: OpenHub, node: Node) -> KeyInForce:
    """Which key a node signs with: to be known before a token can be signed."""
    try:
        return KeyInForce(node, hub.appender.stream_of(node)[1])
    except SignatureError as error:
        raise NotFoundError(str(error)) from None


@router.get("/nodes/{node}/head", responses=documented(400, 401, 403, 404))
def read_head_of(hub: OpenHub, node: Node) -> NextToSign:
    """What a node signs next, and under which key."""
    try:
        head, key = hub.appender.stream_of(node)
    except SignatureError as error:
        raise NotFoundError(str(error)) from None
    if head is None:
        return NextToSign(node, None, None, 0, [key])
    return NextToSign(node, head.seq, to_base64url(head.hash), head.seq + 1, [key])
