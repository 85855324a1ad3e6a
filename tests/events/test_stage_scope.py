"""What follows from a stage decision, and for whom: pooled over the nodes, or for each trial by itself."""

import pytest
from given import COHORT, DRUP, PROTARGET, case, opened, patient, set_by
from stages import ALL_FOUR, FIRST_TWO, OWN, decision, each_its_own, expanded, four_evaluable, last, two_evaluable

from ledger.cohort import rows
from ledger.cohort.database import Registered
from ledger.cohort.view import View
from ledger.events.base import put


@pytest.mark.parametrize(
    ("stage", "word", "benefits"),
    [(1, "close-futility", 0), (2, "close-no-activity", 1), (2, "success", 2)],
)
def test_after_a_decision_that_ends_it_nothing_is_allocated_or_started(stage: int, word: str, benefits: int) -> None:
    alliance = two_evaluable() if stage == 1 else four_evaluable()
    cases = FIRST_TWO if stage == 1 else ALL_FOUR
    alliance.says(PROTARGET, "case.submitted", {"case": case(9), "on": "2021-11-20"})
    alliance.says(
        DRUP,
        "cohort.stage_decided",
        decision(cases, decision=word, stage=stage, benefits=benefits, data_cut=last(alliance)),
    )

    alliance.refuses(
        PROTARGET,
        "case.allocated",
        {**patient(case(9)), "on": "2021-12-01"},
        because="a decision has ended cohort braf-v600: no case is allocated any more",
    )


def test_who_was_enrolled_before_a_decision_that_ended_it_is_not_started_after() -> None:
    alliance = opened(DRUP)
    alliance.enrols(DRUP, case(1))
    # a full stage has nobody left to start: only a decision on fewer cases, which none may take yet, leaves one behind
    ended = put(rows.StageDecision, (COHORT, DRUP, "1"), decision="close-futility")
    entry = Registered(
        alliance.database.size, "ended", DRUP, "cohort.stage_decided", alliance.now, None, synthetic=True
    )
    alliance.database.take(entry, ended, head=alliance.database.streams[DRUP])

    alliance.refuses(
        DRUP,
        "treatment.started",
        {**patient(case(1)), "on": "2021-12-03", "stage": 1, "doses": None},
        because="a decision has ended cohort braf-v600: no treatment is started any more",
    )


@pytest.mark.parametrize("stage", [1, 3])
def test_a_treatment_starts_in_the_stage_that_the_cohort_is_in(stage: int) -> None:
    alliance = expanded()
    alliance.enrols(DRUP, case(3))

    alliance.refuses(
        DRUP,
        "treatment.started",
        {**patient(case(3)), "on": "2021-12-04", "stage": stage, "doses": None},
        because=f"cohort braf-v600 is in stage 2, not in stage {stage}",
    )
    alliance.starts(DRUP, case(3), stage=2)


def test_stage_3_has_no_limit() -> None:
    alliance = four_evaluable()
    alliance.says(
        DRUP,
        "cohort.stage_decided",
        decision(ALL_FOUR, decision="stage-3", stage=2, benefits=2, data_cut=last(alliance)),
    )

    for number in range(5, 12):
        alliance.treats(DRUP if number % 2 else PROTARGET, case(number), stage=3)

    assert len([*alliance.database.under("episodes", COHORT)]) == 11


def test_patients_of_stage_3_are_not_among_the_evaluable_ones_of_the_design() -> None:
    alliance = four_evaluable()
    alliance.says(
        DRUP,
        "cohort.stage_decided",
        decision(ALL_FOUR, decision="stage-3", stage=2, benefits=2, data_cut=last(alliance)),
    )
    alliance.treats(DRUP, case(5), stage=3)
    alliance.finds(DRUP, case(5))

    view = View(alliance.database, alliance.memorandum, alliance.database.size, alliance.now, DRUP, "")

    counted = [(episode.key[1], episode.key[2]) for episode in view.evaluable_in_order(COHORT, last(alliance))]
    assert counted == ALL_FOUR


# ---------------------------------------------------------------------- accrual per trial


def test_where_accrual_is_per_trial_each_node_decides_for_itself() -> None:
    alliance = each_its_own()

    taken = alliance.says(PROTARGET, "cohort.stage_decided", decision(OWN, decision="expand", data_cut=last(alliance)))

    assert [*set_by(taken)] == [("stage_decisions", (COHORT, PROTARGET, "1"))]
    alliance.treats(PROTARGET, case(4), stage=2)
    alliance.treats(DRUP, case(5), stage=1)  # which has not decided


def test_where_accrual_is_per_trial_a_node_decides_once() -> None:
    alliance = each_its_own()
    said = decision(OWN, decision="expand", data_cut=last(alliance))
    alliance.says(PROTARGET, "cohort.stage_decided", said)

    alliance.refuses(PROTARGET, "cohort.stage_decided", said, because="stage 1 of cohort braf-v600 is decided already")


def test_where_accrual_is_per_trial_another_trials_cases_are_not_counted() -> None:
    alliance = each_its_own()

    for cases in ([(DRUP, case(1)), (PROTARGET, case(2))], [(PROTARGET, case(2)), (DRUP, case(1))]):
        alliance.refuses(
            PROTARGET,
            "cohort.stage_decided",
            decision(cases, decision="expand", data_cut=last(alliance)),
            because=f"case {case(1)} of drup-nl found evaluable",
        )
    alliance.refuses(
        DRUP,
        "cohort.stage_decided",
        decision([(DRUP, case(1))], decision="expand", data_cut=last(alliance)),
        because="stage 1 is decided on 2 evaluable cases; there are 1",
    )


def test_where_accrual_is_per_trial_a_decision_ends_its_own_scope_alone() -> None:
    alliance = each_its_own()
    alliance.says(
        PROTARGET,
        "cohort.stage_decided",
        decision(OWN, decision="close-futility", benefits=0, data_cut=last(alliance)),
    )
    alliance.says(PROTARGET, "case.submitted", {"case": case(4), "on": "2021-11-20"})

    alliance.refuses(
        PROTARGET,
        "case.allocated",
        {**patient(case(4)), "on": "2021-12-01"},
        because="a decision has ended cohort braf-v600",
    )
    alliance.treats(DRUP, case(5))
