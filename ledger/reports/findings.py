"""What is to be looked at by people: it was admitted, and no rule refuses it. A finding is never a failure.

One function a kind. None of them shows a sealed value.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ledger.cohort import rows
from ledger.cohort.compromises import compromises_in
from ledger.cohort.database import Database
from ledger.cohort.erasing import Coverage, Told, named
from ledger.cohort.rows import ConsentWithdrawal, Correction, Erasure
from ledger.cohort.snapshot import Snapshot, current, of_versions
from ledger.events.catalog import EVENT_TYPES

_ENDS_SHARING = frozenset({"sharing", "all"})


@dataclass(frozen=True, slots=True)
class Finding:
    """kind: a slug. message: in words. index: of the entry that is to be looked at; node: who said it."""

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


def _withdrawn_not_erased(snapshot: Snapshot) -> Iterator[Finding]:
    """Consent to share was withdrawn, and what was sealed of the case is not all erased: a finding until it is.

    What is said of the case after an erasure makes it one again.
    """
    withdrawals = [row for row in snapshot.of(ConsentWithdrawal) if row.scope in _ENDS_SHARING]
    if not withdrawals:
        return
    left = _sealed_and_not_erased(snapshot)
    for row in withdrawals:
        entries = left.get((row.node, row.case), 0)
        if entries:
            yield Finding(
                kind="withdrawn-not-erased",
                message=f"case {row.case} withdrew its consent ({row.scope}), and what {entries} entries hold of it "
                "sealed is not erased: its node posts disclosures.erased",
                index=row.set_by["scope"],
                node=row.node,
            )


def _sealed_and_not_erased(snapshot: Snapshot) -> dict[tuple[str, str], int]:
    """(node, case) -> how many entries about it have something sealed that no erasure covers."""
    erasures = [named(row.set_by["basis"], row.node, case=row.case, events=row.events) for row in snapshot.of(Erasure)]
    corrects = {row.event: row.target for row in snapshot.of(Correction)}
    case_of: dict[str, str] = {}  # event id -> case, also of what corrects it
    coverage, left, sealing = Coverage(erasures), dict[tuple[str, str], int](), _sealing()
    for event in snapshot.events:
        target = corrects.get(event.event_id)
        case = event.case or case_of.get(target or "")
        if case is None:
            continue
        case_of[event.event_id] = case
        told = Told(event.index, event.event_id, event.node, event.case, target)
        if not coverage.covers(told) and event.type in sealing:
            left[event.node, case] = left.get((event.node, case), 0) + 1
    return left


def _sealing() -> frozenset[str]:
    """The types that have sealed fields, in any version."""
    return frozenset(each.TYPE for each in EVENT_TYPES if each.Sealed.model_fields)


_KINDS: tuple[Callable[[Snapshot], Iterator[Finding]], ...] = (_compromised_key, _override, _withdrawn_not_erased)
