"""What was done to an event after it was taken: what it was, what it is, who said so, when, and why.

Made from the envelopes themselves: the log keeps the original beside each correction. A sealed value is shown where the
envelope that is handed in has its disclosure; where it has not, all that can be told is that it was sealed anew, for a
new commitment says nothing about whether the value is another.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise

from ledger.events.corrections import EventCorrected, EventRetracted
from ledger.signing.canonical import Json
from ledger.signing.envelope import REPLACEMENT, Envelope, clear_of

SEALED = "(sealed)"


@dataclass(frozen=True, slots=True)
class Told:
    """An entry. received: the hub's time, RFC 3339. envelope: with those disclosures that may be opened."""

    index: int
    received: str
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Change:
    """One field, before and after; a sealed value that may not be opened is `(sealed)`."""

    field: str
    sealed: bool
    old: Json
    new: Json


@dataclass(frozen=True, slots=True)
class Amendment:
    """kind: corrected or retracted. received: the hub's clock. user: a pseudonym, whose person the node knows. reason:
    in words, `(sealed)` where it may not be opened. changes: of a correction, held against what stood before it.
    """

    index: int
    event: str
    kind: str
    received: str
    node: str
    user: str
    role: str
    meaning: str
    reason_code: str
    reason: Json
    changes: tuple[Change, ...]


_KINDS = {EventCorrected.TYPE: EventCorrected.KIND, EventRetracted.TYPE: EventRetracted.KIND}


def is_amendment(type_: str) -> bool:
    return type_ in _KINDS


def amendments(original: Told, later: Iterable[Told]) -> tuple[Amendment, ...]:
    """What was done to an event, in order. later: its corrections and its retraction, in the order of the log."""
    done = list(later)
    contents = accumulate(
        done, lambda before, each: _replaced(each.envelope) or before, initial=_said(original.envelope)
    )
    return tuple(
        _amendment(each, before, after) for each, (before, after) in zip(done, pairwise(contents), strict=True)
    )


_Fields = Mapping[str, tuple[bool, Json]]  # whether it is sealed, and its value


def _said(envelope: Envelope) -> _Fields:
    return _fields(clear_of(envelope.claims.data), envelope, prefix="")


def _replaced(envelope: Envelope) -> _Fields | None:
    replacement = envelope.claims.data.get(REPLACEMENT)
    return _fields(clear_of(replacement), envelope, prefix=f"{REPLACEMENT}.") if isinstance(replacement, dict) else None


def _fields(clear: Mapping[str, Json], envelope: Envelope, *, prefix: str) -> _Fields:
    opened = envelope.opened()
    sealed = [name for name in envelope.commitments if name.startswith(prefix)]
    return {
        **{name: (False, value) for name, value in clear.items()},
        **{name.removeprefix(prefix): (True, opened.get(name, SEALED)) for name in sealed},
    }


def _amendment(told: Told, before: _Fields, after: _Fields) -> Amendment:
    claims = told.envelope.claims
    nothing = (False, None)
    changes = (
        Change(name, sealed=after.get(name, before.get(name, nothing))[0], old=old, new=new)
        for name in dict.fromkeys((*before, *after))
        if (old := before.get(name, nothing)[1]) != (new := after.get(name, nothing)[1])
        or (old, new) == (SEALED, SEALED)
    )
    return Amendment(
        index=told.index,
        event=claims.event_id,
        kind=_KINDS[claims.type],
        received=told.received,
        node=claims.node,
        user=claims.actor.user,
        role=claims.actor.role,
        meaning=claims.actor.meaning,
        reason_code=str(claims.data["reason_code"]),
        reason=told.envelope.opened().get("reason", SEALED),
        changes=tuple(changes) if claims.type == EventCorrected.TYPE else (),
    )
