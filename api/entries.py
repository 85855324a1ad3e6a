"""An entry of the log as it is answered, in pages and in the live feed."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from ledger.signing import envelope as envelopes
from ledger.store.entries import StoredEntry
from ledger.store.head import Head

State = Literal["sequenced", "published", "witnessed"]


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as the log has it. received: the hub's clock, RFC 3339. synthetic: it is made up, and says so. jws: the
    envelope without disclosures.
    """

    index: int
    received: str
    state: State
    event_id: str
    node: str
    seq: int
    type: str
    synthetic: bool
    jws: str


class Reach(NamedTuple):
    """How far the log is published and witnessed, in entries."""

    published: int
    witnessed: int

    @classmethod
    def of(cls, head: Head) -> "Reach":
        return cls(head.published, head.witnessed_size)

    def state_of(self, index: int) -> State:
        if index < self.witnessed:
            return "witnessed"
        return "published" if index < self.published else "sequenced"


def entry_of(stored: StoredEntry, reach: Reach) -> Entry:
    claims = envelopes.parse_jws(stored.jws).claims
    return Entry(
        index=stored.index,
        received=stored.received,
        state=reach.state_of(stored.index),
        event_id=claims.event_id,
        node=claims.node,
        seq=claims.seq,
        type=claims.type,
        synthetic=claims.data.get("synthetic") is True,
        jws=stored.jws,
    )
