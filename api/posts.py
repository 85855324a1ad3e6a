"""What is kept of a post, beside the log of events, to be counted and written down: how many, whose, where, of which
kind. Nothing that stood in it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi import Request

from api.refusals import RefusedPost
from ledger.errors import ConflictError, GateError, LedgerError, RuleError
from ledger.events.catalog import EVENT_TYPES
from ledger.operations.append import Posted
from ledger.signing import envelope as envelopes

_TYPES = frozenset(each.TYPE for each in EVENT_TYPES)
_VERIFIED = (GateError, ConflictError, RuleError)  # what is refused so was signed by the node that it names


@dataclass(frozen=True, slots=True)
class Taken:
    """new: how many of its envelopes were not in the log before."""

    new: int
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Refused:
    facts: Mapping[str, object]


@contextmanager
def noting(request: Request, texts: Sequence[str]) -> Iterator[None]:
    """Keep what a post was refused for, where that is what the block ends with."""
    try:
        yield
    except LedgerError as error:
        facts = _refused(texts, error)
        request.state.post = Refused(facts)
        _keep(request, facts, error)
        raise


def note_taken(request: Request, places: Sequence[Posted], nodes: Sequence[str]) -> None:
    """Keep where a post stands now. nodes: of each of its events."""
    new = sum(place.is_new for place in places)
    indexes = [place.index for place in places]
    facts = {
        "events": len(places),
        "new": new,
        "first": min(indexes),
        "last": max(indexes),
        "nodes": sorted(set(nodes)),
    }
    request.state.post = Taken(new, facts)


def _keep(request: Request, facts: Mapping[str, object], error: LedgerError) -> None:
    """For the node, where it is known which one it is."""
    match facts:
        case {"node": str(node), "type": str(type_), "events": int(events), "place": int(place)}:
            at = request.app.state.hub.appender.now()
            request.app.state.refusals.keep(RefusedPost(at, node, error.slug, type_, events, place, str(error)))


def _refused(texts: Sequence[str], error: LedgerError) -> dict[str, object]:
    """Which envelope, and of what is verified, whose it is and its type, where that is one of ours: any other is the
    sender's own word.
    """
    place = error.facts.get("place")
    facts: dict[str, object] = {"events": len(texts)}
    if isinstance(place, int) and place < len(texts):
        facts["place"] = place
        if isinstance(error, _VERIFIED):
            claims = envelopes.parse(texts[place]).claims
            facts |= {"node": claims.node, "type": claims.type if claims.type in _TYPES else "other"}
    return facts
