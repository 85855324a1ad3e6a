"""Cohorts on their way through the stages of a design that looks at 2 patients, goes on if one benefits, looks at 4 and
asks for more than 1.
"""

from collections.abc import Sequence

from given import COHORT, DRUP, PROTARGET, Alliance, Data, case, opened

from ledger.signing.canonical import Json

Found = tuple[str, str]  # node and case


def decision(
    evaluable: Sequence[Found], *, decision: str, data_cut: int, stage: int = 1, benefits: int = 1, **more: Json
) -> Data:
    cases: list[Json] = [{"node": node, "case": handle} for node, handle in evaluable]
    return {
        "cohort": COHORT,
        "stage": stage,
        "evaluable": cases,
        "benefits": benefits,
        "decision": decision,
        "data_cut": data_cut,
        **more,
    }


def last(alliance: Alliance) -> int:
    return alliance.database.size - 1


FIRST_TWO: list[Found] = [(DRUP, case(1)), (PROTARGET, case(2))]


def two_evaluable(*, accrual: str = "pooled") -> Alliance:
    """Two patients were treated at two nodes, and found evaluable in the other order."""
    alliance = opened(DRUP, PROTARGET, accrual=accrual)
    for node, handle in FIRST_TWO:
        alliance.treats(node, handle)
    for node, handle in reversed(FIRST_TWO):
        alliance.finds(node, handle)
    return alliance


def expanded() -> Alliance:
    alliance = two_evaluable()
    alliance.says(DRUP, "cohort.stage_decided", decision(FIRST_TWO, decision="expand", data_cut=last(alliance)))
    return alliance


ALL_FOUR: list[Found] = [*FIRST_TWO, (DRUP, case(3)), (PROTARGET, case(4))]


def four_evaluable() -> Alliance:
    alliance = expanded()
    for node, handle in ALL_FOUR[2:]:
        alliance.treats(node, handle, stage=2)
        alliance.finds(node, handle)
    return alliance


def each_its_own() -> Alliance:
    """Two trials that accrue each for itself; the second has its first two evaluable patients."""
    alliance = opened(DRUP, PROTARGET, accrual="per-trial")
    alliance.treats(DRUP, case(1))
    alliance.finds(DRUP, case(1))
    for number in (2, 3):
        alliance.treats(PROTARGET, case(number))
        alliance.finds(PROTARGET, case(number))
    return alliance


OWN: list[Found] = [(PROTARGET, case(2)), (PROTARGET, case(3))]
