"""What is to be looked at by people: it was admitted, and no rule refuses it. A finding is never a failure.

One function a kind; none of them shows a sealed value. What is computed from sealed values is found where they are
open; where they are shut nothing is said, and `compared` tells how much that is.
"""

from collections.abc import Callable, Iterable, Iterator

from ledger.cohort.database import Database
from ledger.cohort.reveal import Revealed
from ledger.cohort.snapshot import Snapshot, current, of_versions
from ledger.reports.cohort_history import entries_of
from ledger.reports.finding import Finding, Looked, Patience
from ledger.reports.findings_of_cohorts import census_differs, not_opened, stale_allocation, stale_cohort
from ledger.reports.findings_of_decisions import (
    decision_cases,
    decision_claims,
    decision_late_data,
    off_design,
    override,
)
from ledger.reports.findings_of_outcomes import CLAIM_DIFFERS, claim_differs
from ledger.reports.findings_of_trust import compromised_key, unreviewed_correction, withdrawn_not_erased

_KINDS: tuple[Callable[[Looked], Iterator[Finding]], ...] = (
    census_differs,
    claim_differs,
    compromised_key,
    decision_cases,
    decision_claims,
    decision_late_data,
    not_opened,
    off_design,
    override,
    stale_allocation,
    stale_cohort,
    unreviewed_correction,
    withdrawn_not_erased,
)

# Of which one cohort's rows are enough to tell; whether a correction was reviewed, only signatures do.
_OF_A_COHORT: tuple[Callable[[Looked], Iterator[Finding]], ...] = (
    claim_differs,
    decision_cases,
    decision_claims,
    decision_late_data,
    not_opened,
    off_design,
    override,
    stale_allocation,
    stale_cohort,
)


def findings_of_cohort(revealed: Revealed, cohort: str, patience: Patience | None = None) -> tuple[Finding, ...]:
    """Those of one cohort, from a snapshot of all of it that may have episodes of others: where else it is treated."""
    looked = Looked(revealed, patience or Patience())
    of = entries_of(revealed.snapshot, cohort)
    found = (each for kind in _OF_A_COHORT for each in kind(looked) if each.index in of)
    return tuple(sorted(found, key=lambda each: (each.index, each.kind, each.message)))


def findings(seen: Looked | Revealed | Snapshot | Database, patience: Patience | None = None) -> tuple[Finding, ...]:
    """All of them, by index and kind. patience: None for the usual, or what `Looked` says."""
    looked = seen if isinstance(seen, Looked) else Looked(_revealed(seen), patience or Patience())
    found = (each for kind in _KINDS for each in kind(looked))
    return tuple(sorted(found, key=lambda each: (each.index, each.kind, each.message)))


def findings_for(found: Iterable[Finding], node: str | None, *, is_auditor: bool) -> tuple[Finding, ...]:
    """What a member is told. Whose claim differs is told its own node and auditors: beside the counts of a cohort, the
    case that it names would tell others what was claimed of it. node: the member's.
    """
    return tuple(each for each in found if is_auditor or each.kind != CLAIM_DIFFERS or each.node == node)


def _revealed(seen: Revealed | Snapshot | Database) -> Revealed:
    if isinstance(seen, Database):
        seen = of_versions(current(seen), seen.events, size=seen.size)
    return Revealed(seen) if isinstance(seen, Snapshot) else seen
