"""Why a cohort is not open at a node: the first thing that the rules would miss if the node opened it today.

Where nothing is amiss, the regimen is available there, and the node has simply not opened the cohort.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ledger.cohort import rows
from ledger.cohort.snapshot import Snapshot
from ledger.cohort.view import date_of
from ledger.names import regimen_name
from ledger.reports.members import Member

Reason = Literal[
    "removed",  # the node is no member any more
    "closed everywhere",
    "trial not open",
    "no supply",  # of the cohort's regimen at this node, none committed ever
    "supply committed",  # and not available yet
    "supply withdrawn",
    "supply available",
]


@dataclass(frozen=True, slots=True)
class Reasons:
    """trials: the periods of each node's trial. supplies: of each node and regimen, oldest first."""

    today: date
    trials: Mapping[str, Sequence[rows.TrialPeriod]]
    supplies: Mapping[tuple[str, str], Sequence[rows.Supply]]

    @classmethod
    def of(cls, snapshot: Snapshot) -> "Reasons":
        trials = defaultdict[str, list[rows.TrialPeriod]](list)
        for period in snapshot.of(rows.TrialPeriod):
            trials[period.node].append(period)
        supplies = defaultdict[tuple[str, str], list[rows.Supply]](list)
        for supply in sorted(snapshot.of(rows.Supply), key=lambda row: min(row.set_by.values())):
            supplies[supply.node, supply.regimen].append(supply)
        return cls(snapshot.today, trials, supplies)

    def why(self, definition: rows.Cohort, node: Member) -> Reason:
        """Of a cohort that was never open at the node."""
        if node.removed_on is not None:
            return "removed"
        if self._is_past(definition.closed_on):
            return "closed everywhere"
        periods = self.trials.get(node.node, ())
        if not any(self._is_past(each.opened_on) and not self._is_past(each.closed_on) for each in periods):
            return "trial not open"
        return self._supply(self.supplies.get((node.node, regimen_of(definition)), ()))

    def _supply(self, found: Sequence[rows.Supply]) -> Reason:
        if not found:
            return "no supply"
        if any(self._is_past(each.available_on) and not self._is_past(each.withdrawn_on) for each in found):
            return "supply available"
        return "supply withdrawn" if self._is_past(found[-1].withdrawn_on) else "supply committed"

    def _is_past(self, stated: str | None) -> bool:
        return stated is not None and date_of(stated).is_past(self.today)


def regimen_of(definition: rows.Cohort) -> str:
    """The name of a cohort's regimen."""
    drugs = definition.regimen
    return regimen_name(tuple(str(each) for each in drugs) if isinstance(drugs, list) else ())
