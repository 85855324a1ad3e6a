"""What is to be looked at by people: it was admitted, and no rule refuses it. A finding is never a failure.

One function a kind. None of them shows a sealed value.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ledger.cohort import rows
from ledger.cohort.compromises import compromises_in
from ledger.cohort.database import Database
from ledger.cohort.snapshot import Snapshot, current, of_versions


@dataclass(frozen=True, slots=True)
class Finding:
    """index: of the entry that is to be looked at; node: who said it."""

    kind: str
    message: str
    index: int
    node: str


def findings(seen: Snapshot | Database) -> tuple[Finding, ...]:
    """All of them, by index and kind."""
    snapshot = of_versions(current(seen), seen.events, size=seen.size) if isinstance(seen, Database) else seen
    found = (each for kind in _KINDS for each in kind(snapshot))
    return tuple(sorted(found, key=lambda each: (each.index, each.kind)))


def _compromised_key(snapshot: Snapshot) -> Iterator[Finding]:
    """What a node said while somebody else may have had its key."""
    known = compromises_in(snapshot)
    for event in snapshot.events:
        by = [each.resolution for each in known if each.covers(event.node, event.index)]
        if by:
            yield Finding(
                "compromised-key",
                f"{event.type} was signed while the key of {event.node} may have been another's, says {', '.join(by)}",
                event.index,
                event.node,
            )


def _override(snapshot: Snapshot) -> Iterator[Finding]:
    """Stage decisions that name a resolution which excuses them from the design."""
    for row in snapshot.of(rows.StageDecision):
        if row.override is not None:
            yield Finding(
                "override",
                f"stage {row.stage} of {row.cohort} is decided {row.decision}, off its design by {row.override}",
                row.set_by["decision"],
                row.node,
            )


_KINDS: tuple[Callable[[Snapshot], Iterator[Finding]], ...] = (_compromised_key, _override)
