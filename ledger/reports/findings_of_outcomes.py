"""Findings that hold what a node claims of its patients against what its own assessments give."""

from collections.abc import Iterator
from dataclasses import dataclass

from ledger.cohort.rows import Cohort
from ledger.reports.finding import Finding, Looked, key_of
from ledger.reports.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Compared:
    """How many claims of benefit there are, and of how many it could be told whether the assessments bear them out:
    those that are open, as are all assessments behind them.
    """

    claims: int
    open: int

    @property
    def shut(self) -> int:
        return self.claims - self.open


NOTHING_CLAIMED = Compared(0, 0)
CLAIM_DIFFERS = "claim-differs"


def claim_differs(looked: Looked) -> Iterator[Finding]:
    """A node's claim of benefit is not what its assessments give under the endpoint that the cohort names.

    Neither of the two is told: each is a patient's value. Where one of them is shut, nothing is said.
    """
    endpoint = {row.cohort: row.endpoint for row in looked.snapshot.of(Cohort)}
    for each in looked.outcomes:
        if _is_compared(each) and each.computed is not None and each.claimed != each.computed.benefit:
            yield Finding(
                CLAIM_DIFFERS,
                f"case {each.case} in {each.cohort}: the claim of benefit is not what the assessments give "
                f"({endpoint.get(each.cohort)})",
                looked.claimed_at[key_of(each)],
                each.node,
            )


def compared(looked: Looked) -> Compared:
    found = [each for each in looked.outcomes if key_of(each) in looked.claimed_at]
    return Compared(len(found), sum(_is_compared(each) for each in found))


def _is_compared(outcome: Outcome) -> bool:
    return outcome.is_open and outcome.claimed is not None and outcome.computed is not None
