"""Findings about who said something: keys, reviews, and what should have been erased."""

from collections.abc import Iterator

from ledger.cohort.compromises import compromises_in
from ledger.cohort.erasing import Coverage, Told, named
from ledger.cohort.rows import ConsentWithdrawal, Correction, Erasure
from ledger.cohort.snapshot import Snapshot
from ledger.events.catalog import EVENT_TYPES
from ledger.reports.finding import Finding, Looked

_ENDS_SHARING = frozenset({"sharing", "all"})
_UNREVIEWED = "authored"


def compromised_key(looked: Looked) -> Iterator[Finding]:
    """What a node said while somebody else may have had its key."""
    known = compromises_in(looked.snapshot)
    for event in looked.snapshot.events:
        by = [each.resolution for each in known if each.covers(event.node, event.index)]
        if by:
            yield Finding(
                "compromised-key",
                f"{event.type} was signed while the key of {event.node} may have been another's, says {', '.join(by)}",
                event.index,
                event.node,
            )


def unreviewed_correction(looked: Looked) -> Iterator[Finding]:
    """Events whose last correction, or retraction, is signed as authored: nobody says that it was reviewed.

    A review is a signature's meaning, `reviewed` or `approved`. A correction says all of the event anew, so one that is
    signed as reviewed vouches for the event, whatever was authored before it.
    """
    meaning = {event.index: event.meaning for event in looked.snapshot.events}
    last: dict[str, Correction] = {}
    for row in sorted(looked.snapshot.of(Correction), key=_entry):
        last[row.target or ""] = row
    for row in last.values():
        if meaning.get(_entry(row)) == _UNREVIEWED:
            yield Finding(
                "unreviewed-correction",
                f"event {row.target} was {row.kind} ({row.reason_code}), and nobody signed that as reviewed",
                _entry(row),
                row.node,
            )


def withdrawn_not_erased(looked: Looked) -> Iterator[Finding]:
    """Consent to share was withdrawn, and what was sealed of the case is not all erased: a finding until it is.

    What is said of the case after an erasure makes it one again.
    """
    withdrawals = [row for row in looked.snapshot.of(ConsentWithdrawal) if row.scope in _ENDS_SHARING]
    if not withdrawals:
        return
    left = _sealed_and_not_erased(looked.snapshot)
    for row in withdrawals:
        entries = left.get((row.node, row.case), 0)
        if entries:
            yield Finding(
                kind="withdrawn-not-erased",
                message=f"case {row.case} withdrew its consent ({row.scope}), and what {entries} "
                f"{'entry holds' if entries == 1 else 'entries hold'} of it sealed is not erased: its node posts "
                "disclosures.erased",
                index=row.set_by["scope"],
                node=row.node,
            )


def _entry(row: Correction) -> int:
    return row.set_by["target"]


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
