"""Findings: what an auditor should look at that was no reason to refuse an event. One function a kind."""

from collections.abc import Iterator
from dataclasses import dataclass

from ledger.cohort.erasing import Coverage, Told, named
from ledger.cohort.rows import ConsentWithdrawal, Correction, Erasure
from ledger.cohort.snapshot import Snapshot
from ledger.events.catalog import EVENT_TYPES

_ENDS_SHARING = frozenset({"sharing", "all"})


@dataclass(frozen=True, slots=True)
class Finding:
    """kind: a slug. message: in words. index, node: of the event that it is about."""

    kind: str
    message: str
    index: int
    node: str


def findings(snapshot: Snapshot) -> tuple[Finding, ...]:
    """All of them, in the order of the log."""
    return tuple(sorted(withdrawn_not_erased(snapshot), key=lambda each: each.index))


def withdrawn_not_erased(snapshot: Snapshot) -> Iterator[Finding]:
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
