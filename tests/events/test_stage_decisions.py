"""cohort.stage_decided: who decides, on which cases, and what the design then allows."""

import pytest
from given import COHORT, DRUP, IMPRESS, PROTARGET, agreed, case, opened, set_by
from stages import ALL_FOUR, FIRST_TWO, Found, decision, expanded, four_evaluable, last, two_evaluable


def test_a_decision_has_a_row_under_the_node_that_took_it() -> None:
    alliance = two_evaluable()
    cut = last(alliance)

    taken = alliance.says(DRUP, "cohort.stage_decided", decision(FIRST_TWO, decision="expand", data_cut=cut))

    assert set_by(taken) == {
        ("stage_decisions", (COHORT, DRUP, "1")): {
            "evaluable": [{"node": DRUP, "case": case(1)}, {"node": PROTARGET, "case": case(2)}],
            "benefits": 1,
            "decision": "expand",
            "data_cut": cut,
            "override": None,
        }
    }
    assert alliance.stood_on(taken) == ["cohort.defined", "evaluability.determined", "evaluability.determined"]


# ---------------------------------------------------------------------- who decides, and how often


def test_a_cohort_that_nobody_defined_has_no_stages() -> None:
    agreed().refuses(
        DRUP,
        "cohort.stage_decided",
        decision([], decision="expand", data_cut=0),
        because="cohort.stage_decided needs a definition of cohort braf-v600",
    )


def test_where_accrual_is_pooled_only_the_definer_decides() -> None:
    alliance = two_evaluable()

    alliance.refuses(
        PROTARGET,
        "cohort.stage_decided",
        decision(FIRST_TWO, decision="expand", data_cut=last(alliance)),
        because="accrual is pooled: only drup-nl, which defined it, decides",
    )


def test_a_stage_is_decided_once() -> None:
    alliance = expanded()

    alliance.refuses(
        DRUP,
        "cohort.stage_decided",
        decision(FIRST_TWO, decision="expand", data_cut=last(alliance)),
        because="stage 1 of cohort braf-v600 is decided already",
    )


def test_stage_2_is_not_decided_before_stage_1() -> None:
    alliance = two_evaluable()

    alliance.refuses(
        DRUP,
        "cohort.stage_decided",
        decision(FIRST_TWO, decision="success", stage=2, benefits=2, data_cut=last(alliance)),
        because="cohort braf-v600 is not in stage 2",
    )


def test_stage_3_is_never_decided() -> None:
    alliance = two_evaluable()

    alliance.refuses(
        DRUP,
        "cohort.stage_decided",
        decision(FIRST_TWO, decision="success", stage=3, data_cut=last(alliance)),
        because="cohort.stage_decided: stage",
    )


def test_after_a_decision_that_ended_the_cohort_none_follows() -> None:
    alliance = two_evaluable()
    alliance.says(
        DRUP,
        "cohort.stage_decided",
        decision(FIRST_TWO, decision="close-futility", benefits=0, data_cut=last(alliance)),
    )

    alliance.refuses(
        DRUP,
        "cohort.stage_decided",
        decision(FIRST_TWO, decision="success", stage=2, benefits=2, data_cut=last(alliance)),
        because="cohort braf-v600 is not in stage 2",
    )


# ---------------------------------------------------------------------- on which cases


def test_fewer_cases_than_the_design_looks_at_decide_nothing() -> None:
    alliance = opened(DRUP)
    alliance.treats(DRUP, case(1))
    alliance.finds(DRUP, case(1))

    alliance.refuses(
        DRUP,
        "cohort.stage_decided",
        decision([(DRUP, case(1))], decision="expand", data_cut=last(alliance)),
        because="stage 1 is decided on 2 evaluable cases; there are 1",
    )


WRONG_CASES: dict[str, list[Found]] = {
    "out of order": [*reversed(FIRST_TWO)],
    "one too few": FIRST_TWO[:1],
    "none": [],
    "one twice": [FIRST_TWO[0], FIRST_TWO[0]],
    "one and the same again": [*FIRST_TWO, FIRST_TWO[0]],
}


@pytest.mark.parametrize("cases", WRONG_CASES.values(), ids=WRONG_CASES)
def test_the_cases_are_the_first_so_many_in_the_order_their_treatment_started(cases: list[Found]) -> None:
    alliance = two_evaluable()

    alliance.refuses(
        DRUP,
        "cohort.stage_decided",
        decision(cases, decision="expand", data_cut=last(alliance)),
        because="evaluable must be the first 2 evaluable cases",
    )


def test_a_case_that_nobody_found_evaluable_is_not_counted() -> None:
    alliance = two_evaluable()
    cut = last(alliance)
    stranger = [FIRST_TWO[0], (PROTARGET, case(9))]
    misplaced = [FIRST_TWO[0], (IMPRESS, case(2))]

    for cases, node, handle in ((stranger, PROTARGET, case(9)), (misplaced, IMPRESS, case(2))):
        alliance.refuses(
            DRUP,
            "cohort.stage_decided",
            decision(cases, decision="expand", data_cut=cut),
            because=f"case {handle} of {node} found evaluable in braf-v600 by entry {cut}",
        )


def test_a_later_case_does_not_take_an_earlier_ones_place() -> None:
    alliance = two_evaluable()
    # a third place becomes free where one of the first two is not evaluable: here all are, so it is allocated after
    alliance.says(DRUP, "cohort.stage_decided", decision(FIRST_TWO, decision="expand", data_cut=last(alliance)))
    alliance.treats(DRUP, case(3), stage=2)
    alliance.finds(DRUP, case(3))
    alliance.treats(DRUP, case(4), stage=2)
    alliance.finds(DRUP, case(4))

    alliance.refuses(
        DRUP,
        "cohort.stage_decided",
        decision(
            [*FIRST_TWO, (DRUP, case(4)), (DRUP, case(3))],
            decision="success",
            stage=2,
            benefits=2,
            data_cut=last(alliance),
        ),
        because="evaluable must be the first 4 evaluable cases",
    )


def test_a_case_that_was_found_not_evaluable_is_passed_over() -> None:
    alliance = opened(DRUP)
    for number in (1, 2):
        alliance.treats(DRUP, case(number))
    alliance.finds(DRUP, case(1), evaluable=False)
    alliance.finds(DRUP, case(2))
    alliance.treats(DRUP, case(3))
    alliance.finds(DRUP, case(3))

    taken = alliance.says(
        DRUP,
        "cohort.stage_decided",
        decision([(DRUP, case(2)), (DRUP, case(3))], decision="expand", data_cut=last(alliance)),
    )

    assert taken.versions


def test_the_cases_are_counted_as_of_the_data_cut() -> None:
    alliance = two_evaluable()
    before = last(alliance) - 1  # when one of the two had not been found evaluable yet

    alliance.refuses(
        DRUP,
        "cohort.stage_decided",
        decision(FIRST_TWO, decision="expand", data_cut=before),
        because=f"case {case(1)} of drup-nl found evaluable in braf-v600 by entry {before}",
    )
    alliance.refuses(
        DRUP,
        "cohort.stage_decided",
        decision(FIRST_TWO[1:], decision="expand", data_cut=before),
        because="stage 1 is decided on 2 evaluable cases; there are 1",
    )


def test_what_was_found_after_the_data_cut_changes_nothing() -> None:
    alliance = expanded()
    for number in (3, 4):
        alliance.treats(DRUP, case(number), stage=2)
    alliance.finds(DRUP, case(3), evaluable=False)
    alliance.treats(DRUP, case(5), stage=2)  # in the place of the third
    alliance.finds(DRUP, case(4))
    alliance.finds(DRUP, case(5))
    cut = last(alliance)
    alliance.says(PROTARGET, "case.submitted", {"case": case(8), "on": "2021-12-01"})
    first_four = [*FIRST_TWO, (DRUP, case(4)), (DRUP, case(5))]

    taken = alliance.says(
        DRUP,
        "cohort.stage_decided",
        decision(first_four, decision="stage-3", stage=2, benefits=2, data_cut=cut),
    )

    assert taken.versions


def test_the_data_cut_is_an_entry_that_is_there() -> None:
    alliance = two_evaluable()

    for cut in (alliance.database.size, alliance.database.size + 1):
        alliance.refuses(
            DRUP,
            "cohort.stage_decided",
            decision(FIRST_TWO, decision="expand", data_cut=cut),
            because="data_cut names an entry that is not there yet",
        )


def test_there_are_no_more_benefits_than_cases() -> None:
    alliance = two_evaluable()

    alliance.refuses(
        DRUP,
        "cohort.stage_decided",
        decision(FIRST_TWO, decision="expand", benefits=3, data_cut=last(alliance)),
        because="there are more benefits than evaluable cases",
    )


# ---------------------------------------------------------------------- which decision

STAGE_1 = [(0, "close-futility"), (1, "expand"), (2, "expand")]
STAGE_2 = [
    *[(benefits, "close-no-activity") for benefits in (0, 1)],
    *[(benefits, word) for benefits in (2, 3, 4) for word in ("success", "stage-3")],
]
WORDS = ["expand", "close-futility", "close-no-activity", "success", "stage-3"]


@pytest.mark.parametrize(("benefits", "word"), [(n, word) for n in range(3) for word in WORDS])
def test_stage_1_is_decided_by_the_design(benefits: int, word: str) -> None:
    alliance = two_evaluable()
    said = decision(FIRST_TWO, decision=word, benefits=benefits, data_cut=last(alliance))

    if (benefits, word) in STAGE_1:
        assert alliance.says(DRUP, "cohort.stage_decided", said).versions
    else:
        alliance.refuses(
            DRUP, "cohort.stage_decided", said, because=f"{word} is not the design's decision at {benefits} of 2"
        )


@pytest.mark.parametrize(("benefits", "word"), [(n, word) for n in range(5) for word in WORDS])
def test_stage_2_is_decided_by_the_design(benefits: int, word: str) -> None:
    alliance = four_evaluable()
    said = decision(ALL_FOUR, decision=word, stage=2, benefits=benefits, data_cut=last(alliance))

    if (benefits, word) in STAGE_2:
        assert alliance.says(DRUP, "cohort.stage_decided", said).versions
    else:
        alliance.refuses(
            DRUP, "cohort.stage_decided", said, because=f"{word} is not the design's decision at {benefits} of 4"
        )


def test_an_override_needs_a_decision_resolution_in_force_and_no_other_kind_is_one() -> None:
    alliance = two_evaluable()

    for slug in ("nobody-agreed", "small"):
        alliance.refuses(
            DRUP,
            "cohort.stage_decided",
            decision(FIRST_TWO, decision="expand", data_cut=last(alliance), override=slug),
            because=f"no decision resolution {slug} is in force",
        )
