"""A group of posts on its way into the log: what of it is admitted so far, and what its envelopes still wait for."""

from dataclasses import dataclass, field
from datetime import datetime

from ledger.cohort.database import Database, Taken
from ledger.operations.gate import Kind, check_post
from ledger.operations.judging import Candidate
from ledger.signing.envelope import REPLACEMENT
from ledger.store.engine import Connection
from ledger.store.entries import find_entry


@dataclass
class Admitting:
    """taken, new: what was admitted so far, which is not stored yet. received: the hub's time, of all of it."""

    connection: Connection
    database: Database
    received: datetime
    taken: list[Taken] = field(default_factory=list)
    new: list[Candidate] = field(default_factory=list)

    def give_back(self, count: int) -> None:
        """Undo all but the first so many."""
        while len(self.taken) > count:
            self.database.give_back(self.taken.pop())
            self.new.pop()

    def known(self, candidate: Candidate) -> int | None:
        """The index of the same header and payload, taken before; not every algorithm signs alike twice."""
        index = self.database.index_of(candidate.claims.event_id)
        if index is None:
            return None
        place = index - (self.database.size - len(self.new))
        if place >= 0:
            taken = self.new[place].jws
        else:
            stored = find_entry(self.connection, index=index)
            taken = stored.jws if stored else ""
        signed = candidate.jws.rpartition(".")[0] + "."
        return index if taken.startswith(signed) else None  # another content under a known id: step refuses it


def gate_early(database: Database, candidate: Candidate) -> None:
    """The posting gate, for what is verified and was not taken before: a repost may come without its disclosures."""
    if database.index_of(candidate.claims.event_id) is not None:
        return
    if not candidate.is_verified:
        candidate.is_gated = False
        return
    match candidate.verdict.found:
        case "gate":
            raise candidate.verdict.error()
        case "ungated" | "unknown":
            target = target_of(database, candidate)
            # what it corrects may come before it in this group, or meanwhile
            candidate.is_gated = target is not None or REPLACEMENT not in candidate.claims.data
            if candidate.is_gated:
                check_post(candidate.envelope, target)


def target_of(database: Database, candidate: Candidate) -> Kind | None:
    """The kind of event that a correction corrects, None where the log has no such event."""
    named = candidate.claims.data.get("event")
    index = database.index_of(named) if isinstance(named, str) else None
    return None if index is None else Kind(database.events[index].type, database.events[index].version)
