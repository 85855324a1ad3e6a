"""Drafts: what a node wants to say, before it is sealed and signed.

A draft is plain JSON: `{"type": "cohort.opened", "data": {…}, "actor": {…}}`, one a line in a file; sealed and clear
fields stand side by side in `data`. Sealing takes the sealed ones out by the type's own description, and fills in null
for those that the draft leaves out, so that presence says nothing.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ledger.cohort.database import Head
from ledger.errors import MalformedError
from ledger.events.catalog import check_opened, decode, event_type_of
from ledger.signing.canonical import Json
from ledger.signing.envelope import Actor, Claims, Envelope, seal, sign
from ledger.signing.keys import SigningKey

_MEMBERS = frozenset({"type", "v", "data", "actor"})


@dataclass(frozen=True, slots=True)
class Draft:
    """type, version: of the catalogue. data: the event's fields, sealed and clear. actor: who says it, None where the
    node's usual one does.
    """

    type: str
    data: Mapping[str, Json]
    version: int = 1
    actor: Actor | None = None

    @classmethod
    def parse(cls, line: str) -> "Draft":
        """Read one draft. Raises MalformedError, which names the member at fault and never a value."""
        try:
            draft = json.loads(line, object_pairs_hook=_without_doubles)
        except (ValueError, RecursionError):
            raise MalformedError("a draft is one JSON object a line") from None
        if not isinstance(draft, dict) or not _MEMBERS.issuperset(draft) or not {"type", "data"} <= set(draft):
            raise MalformedError('a draft has "type" and "data", and may have "v" and "actor"')
        kind, version, data, actor = draft["type"], draft.get("v", 1), draft["data"], draft.get("actor")
        if not isinstance(kind, str) or type(version) is not int or not isinstance(data, dict):
            raise MalformedError('in a draft "type" is a text, "v" a whole number and "data" an object')
        if actor is not None:
            actor = _actor(actor)
        return cls(kind, data, version, actor)

    def sealed_fields(self) -> tuple[str, ...]:
        return tuple(event_type_of(self.type, self.version).Sealed.model_fields)


def seal_draft(
    draft: Draft,
    *,
    node: str,
    head: Head | None,
    key: SigningKey,
    actor: Actor,
    event_id: str,
    issued_at: datetime,
    salts: Iterable[bytes],
) -> Envelope:
    """Seal and sign a draft as the envelope that follows `head` in the node's stream.

    Raises RuleError or GateError where its fields are not of its type's schema, MalformedError where they have no
    canonical form (a float, a number too large).
    """
    names = draft.sealed_fields()
    sealed = {name: draft.data.get(name) for name in names}
    data, disclosures = seal({k: v for k, v in draft.data.items() if k not in sealed}, sealed, salts)
    claims = Claims(
        node=node,
        event_id=event_id,
        issued_at=int(issued_at.timestamp()),
        seq=head.seq + 1 if head else 0,
        prev=head.hash if head else None,
        type=draft.type,
        version=draft.version,
        actor=draft.actor or actor,
        data=data,
    )
    decode(claims)
    check_opened(claims, sealed)
    return sign(claims, disclosures, key)


def nobodys_key() -> SigningKey:
    """A key that signs for nobody: what a draft is tried with before anything hangs on it."""
    return SigningKey.from_seed(bytes(32))


def _without_doubles(members: list[tuple[str, Json]]) -> dict[str, Json]:
    """A reader would keep the last of two equal names, and the node would sign what nobody meant."""
    found = dict(members)
    if len(found) < len(members):
        raise MalformedError("a member stands twice in the draft: which of the two is meant?")
    return found


def _actor(actor: object) -> Actor:
    match actor:
        case {
            "user": str(user),
            "role": str(role),
            "meaning": "authored" | "reviewed" | "approved" as meaning,
            **rest,
        } if not rest:
            return Actor(user, role, meaning)
    raise MalformedError('an actor has "user", "role" and "meaning" (authored, reviewed or approved), and nothing else')
