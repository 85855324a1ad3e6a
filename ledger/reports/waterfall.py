"""By how much the target lesions of each patient shrank at best, the largest growth first: a waterfall.

Of those treated in the stages that the design plans, measured by RECIST 1.1. Whoever has no sum to compare is counted
beside it: a chart of those who were measured is otherwise taken for one of all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ledger.clinical.benefit import Endpoint
from ledger.clinical.target_lesions import SCALE, best_change
from ledger.reports.patients import Patient
from ledger.reports.rates import Basis, DataCut


@dataclass(frozen=True, slots=True)
class Waterfall:
    """changes: percent of the baseline's sum, one decimal, a patient each without a handle. unmeasured: have no sum to
    compare, or are assessed on another scale; shut: what was sealed is not open.
    """

    criteria: str
    population: Literal["treated"]
    endpoint: str | None
    data_cut: DataCut
    changes: tuple[float, ...]
    unmeasured: int
    shut: int


def waterfall(patients: Iterable[Patient], endpoint: Endpoint, basis: Basis) -> Waterfall:
    """endpoint: whose evaluator counts, and on which scales: where this one is none of them nobody is measured."""
    courses = [each.outcome.course for each in patients]
    known = [each for each in courses if each is not None]
    found = [best_change(each, endpoint.criteria, endpoint.evaluator) for each in known]
    changes = [round(float(each), 1) for each in found if each is not None]
    return Waterfall(
        criteria=SCALE,
        population="treated",
        endpoint=basis.endpoint,
        data_cut=basis.data_cut,
        changes=tuple(sorted(changes, reverse=True)),
        unmeasured=len(known) - len(changes),
        shut=len(courses) - len(known),
    )
