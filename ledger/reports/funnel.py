"""How far each trial's cases came, in the trial's own nouns, side by side.

The trials mean different things by being included, so there is no total, and nothing to make one with.
"""

from dataclasses import dataclass

from ledger.cohort.snapshot import Snapshot, once
from ledger.reports.counts import counts, made_up
from ledger.reports.members import members


@dataclass(frozen=True, slots=True)
class FunnelLine:
    """One trial. Cases count once; enrolments and treatments once an episode, those of stage 3 apart.

    synthetic: whether made-up events are behind any of these numbers.
    """

    node: str
    trial: str | None
    country: str | None
    cases_submitted: int
    cases_profiled: int
    cases_prescreened: int
    cases_prescreened_with_target: int
    cases_allocated: int
    patients_enrolled: int
    treatments_started: int
    treatments_started_stage_3: int
    synthetic: bool


_NOUNS = (
    "cases_submitted",
    "cases_profiled",
    "cases_prescreened",
    "cases_prescreened_with_target",
    "cases_allocated",
    "patients_enrolled",
    "treatments_started",
    "treatments_started_stage_3",
)


@once
def funnel(snapshot: Snapshot) -> tuple[FunnelLine, ...]:
    """One line for each member, by node."""
    derived, invented = counts(snapshot), counts(made_up(snapshot))
    return tuple(
        FunnelLine(
            node=member.node,
            trial=member.trial,
            country=member.country,
            **{noun: derived[noun][member.node] for noun in _NOUNS},
            synthetic=any(invented[noun][member.node] for noun in _NOUNS),
        )
        for member in members(snapshot)
    )
