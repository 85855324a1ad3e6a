"""How far a cohort has come in its design, and how many places that leaves: counted once, for rules and reports alike.

All of it is asked of a scope: a cohort as a whole where accrual is pooled, else a cohort at one trial.
"""

from collections.abc import Mapping

from ledger.clinical.two_stage import Design
from ledger.signing.canonical import Json

PLANNED_STAGES = (1, 2)  # the design counts these; stage 3 has no limit

# a decision that is not here ends its scope
_NEXT_STAGE: Mapping[tuple[int, str], int] = {(1, "expand"): 2, (2, "stage-3"): 3}


def stage_after(decisions: Mapping[int, str]) -> int | None:
    """The stage that a scope is in after its decisions, by the stage that each ended; None after one that ended it."""
    stage = 1
    while stage in decisions:
        following = _NEXT_STAGE.get((stage, decisions[stage]))
        if following is None:
            return None
        stage = following
    return stage


def takes_place(*, released: bool, stage: Json, evaluable: Json) -> bool:
    """Whether an episode counts against the design: evaluable or undecided, and not treated beyond it.

    stage: the one that its treatment started in, None before it starts. evaluable: true, false, or None while that is
    not determined. Both as the clear cell holds them.
    """
    return not released and stage in (None, *PLANNED_STAGES) and evaluable is not False


def places_left(design: Design, stage: int | None, taken: int) -> int | None:
    """Free places in a stage: its total in the design less those taken. None where there is no limit.

    stage: that the scope is in, None where a decision ended it. taken: episodes that take a place, of all stages.
    """
    if stage is None:
        return 0
    if stage not in PLANNED_STAGES:
        return None
    return max(0, design.size_of(stage) - taken)
