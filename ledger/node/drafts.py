"""Drafts: what a node wants to say, before it is sealed and signed.

A draft is plain JSON: `{"type": "cohort.opened", "data": {…}, "actor": {…}}`, one a line in a file; sealed and clear
fields stand side by side in `data`. Sealing takes the sealed ones out by the type's own description, and fills in null
for those that the draft leaves out, so that presence says nothing.

A correction holds the whole data anew as its `replacement`, and the draft says beside `data` of which type they are:
`{"type": "event.corrected", "of": "response.assessed", "data": {"event": …, "reason_code": …, "reason": …,
"replacement": {…}}}`. So it is sealed without asking the hub, which would have to be reached, and believed.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ledger.cohort.database import Head
from ledger.errors import MalformedError
from ledger.events.catalog import check_opened, check_sealed, decode, decode_data, event_type_of
from ledger.events.corrections import EventCorrected
from ledger.signing.canonical import Json
from ledger.signing.envelope import REPLACEMENT, Actor, Claims, Disclosure, Envelope, seal, sign
from ledger.signing.keys import SigningKey

_MEMBERS = frozenset({"type", "v", "of", "of_v", "data", "actor"})


@dataclass(frozen=True, slots=True)
class Draft:
    """type, version: of the catalogue. data: the event's fields, sealed and clear. actor: who says it, None where the
    node's usual one does. of, of_version: of a correction, the type and version of what it corrects.
    """

    type: str
    data: Mapping[str, Json]
    version: int = 1
    actor: Actor | None = None
    of: str | None = None
    of_version: int = 1

    @classmethod
    def parse(cls, line: str) -> "Draft":
        """Read one draft. Raises MalformedError, which names the member at fault and never a value."""
        try:
            draft = json.loads(line, object_pairs_hook=_without_doubles)
        except (ValueError, RecursionError):
            raise MalformedError("a draft is one JSON object a line") from None
        if not isinstance(draft, dict) or not _MEMBERS.issuperset(draft) or not {"type", "data"} <= set(draft):
            raise MalformedError(
                'a draft has "type" and "data", and may have "v", "actor", and of a correction "of" and "of_v"'
            )
        kind, version, data, actor = draft["type"], draft.get("v", 1), draft["data"], draft.get("actor")
        of, of_version = draft.get("of", ""), draft.get("of_v", 1)
        are_texts, are_numbers = isinstance(kind, str) and isinstance(of, str), type(version) is type(of_version) is int
        if not (are_texts and are_numbers and isinstance(data, dict)):
            raise MalformedError('in a draft "type" and "of" are texts, "v" and "of_v" numbers and "data" an object')
        if actor is not None:
            actor = _actor(actor)
        return cls(kind, data, version, actor, of or None, of_version)

    def sealed_fields(self) -> tuple[str, ...]:
        return tuple(event_type_of(self.type, self.version).Sealed.model_fields)

    def replaced_fields(self) -> tuple[str, ...]:
        """The sealed fields of a correction's replacement. Raises MalformedError where the draft does not say of what
        type it is, or says so and is no correction.
        """
        if (self.type == EventCorrected.TYPE) != (self.of is not None):
            raise MalformedError(
                'the draft of a correction says with "of" which type of event it corrects, and no other'
            )
        return () if self.of is None else tuple(event_type_of(self.of, self.of_version).Sealed.model_fields)


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
    salts = iter(salts)
    clear, sealed = _parted(draft.data, draft.sealed_fields())
    anew: dict[str, Json] = {}
    more: tuple[Disclosure, ...] = ()
    replaced, replacement = draft.replaced_fields(), clear.get(REPLACEMENT)
    if isinstance(replacement, dict) and draft.of is not None:
        told, anew = _parted(replacement, replaced)
        clear[REPLACEMENT], more = seal(told, anew, salts)
    data, disclosures = seal(clear, sealed, salts)
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
    event = decode(claims)
    check_opened(claims, sealed)
    if isinstance(event, EventCorrected) and draft.of is not None:
        decode_data(draft.of, draft.of_version, event.replacement)
        check_sealed(draft.of, draft.of_version, anew)
    return sign(claims, (*disclosures, *more), key)


def _parted(data: Mapping[str, Json], names: Iterable[str]) -> tuple[dict[str, Json], dict[str, Json]]:
    """The clear fields, and all that are sealed."""
    sealed = {name: data.get(name) for name in names}
    return {name: value for name, value in data.items() if name not in sealed}, sealed


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
