"""A stage is decided otherwise than by the design, where the alliance has agreed on that."""

import pytest
from given import COHORT, DRUP, PROTARGET, Data, agreed, resolution
from resolved import agree, off_design, removal
from stages import ALL_FOUR, FIRST_TWO, Found, decision, four_evaluable, last, two_evaluable

from ledger.cohort.snapshot import current, of_versions
from ledger.reports.standing import standings

ONE: list[Found] = FIRST_TWO[:1]


@pytest.mark.parametrize(
    ("off", "evaluable", "word", "benefits"),
    [
        (["decision"], FIRST_TWO, "close-futility", 1),
        (["decision"], FIRST_TWO, "expand", 0),
        (["cases"], ONE, "expand", 1),
        (["cases"], ONE, "close-futility", 0),
        (["cases"], [], "close-futility", 0),
        (["cases", "decision"], ONE, "close-futility", 1),
    ],
)
def test_a_resolution_excuses_the_number_of_cases_or_the_decision(
    off: list[str], evaluable: list[Found], word: str, benefits: int
) -> None:
    alliance = two_evaluable()
    said = decision(evaluable, decision=word, benefits=benefits, data_cut=last(alliance))
    why = "is not the design's decision" if "cases" not in off else "evaluable must be the first 2"
    alliance.refuses(DRUP, "cohort.stage_decided", said, because=why)
    alliance.adopts("excused", "decision", off_design(*off))

    taken = alliance.says(DRUP, "cohort.stage_decided", {**said, "override": "excused"})

    assert taken.versions
    assert (alliance.row("stage_decisions", COHORT, DRUP, "1") or {})["override"] == "excused"


def test_more_cases_than_the_design_asks_for_are_excused_too() -> None:
    alliance = four_evaluable()
    alliance.adopts("excused", "decision", off_design("cases", stage=2))
    said = decision(ALL_FOUR[:3], decision="success", stage=2, benefits=2, data_cut=last(alliance), override="excused")

    assert alliance.says(DRUP, "cohort.stage_decided", said).versions


@pytest.mark.parametrize(
    ("off", "evaluable", "word", "because"),
    [
        (["cases"], FIRST_TWO, "close-futility", "is not the design's decision"),
        (["decision"], ONE, "expand", "evaluable must be the first 2"),
        (["cases"], [FIRST_TWO[1]], "expand", "evaluable must be the first 1 evaluable cases"),
        (["cases", "decision"], FIRST_TWO[::-1], "expand", "evaluable must be the first 2 evaluable cases"),
        (["decision"], FIRST_TWO, "success", "success is no decision at the end of stage 1"),
        (["decision"], FIRST_TWO, "stage-3", "stage-3 is no decision at the end of stage 1"),
    ],
)
def test_it_excuses_nothing_else(off: list[str], evaluable: list[Found], word: str, because: str) -> None:
    alliance = two_evaluable()
    alliance.adopts("excused", "decision", off_design(*off))

    said = decision(evaluable, decision=word, data_cut=last(alliance), override="excused")

    alliance.refuses(DRUP, "cohort.stage_decided", said, because=because)


def test_once_the_definer_of_a_pooled_cohort_was_removed_any_member_decides_as_the_alliance_resolved() -> None:
    alliance = two_evaluable()
    said = decision(FIRST_TWO, decision="close-futility", benefits=0, data_cut=last(alliance), override="agreed")
    closing: Data = {"cohort": COHORT, "on": "2022-01", "reason_code": "futility", "reason": "x", "scope": "everywhere"}
    agree(alliance, "agreed", "decision", off_design("decision"))
    alliance.refuses(PROTARGET, "cohort.stage_decided", said, because=f"only {DRUP}, which defined it, decides")
    agree(alliance, "removed", "removal", removal(DRUP), without=[DRUP])
    alliance.refuses(
        PROTARGET, "cohort.stage_decided", {**said, "override": None}, because="was removed: name the alliance's"
    )
    alliance.refuses(PROTARGET, "cohort.closed", closing, because=f"only {DRUP}, which defined {COHORT}, closes")

    alliance.says(PROTARGET, "cohort.stage_decided", said)

    database = alliance.database
    [standing] = standings(of_versions(current(database), database.events, size=database.size))
    assert [scope.stage for scope in standing.scopes] == [None]
    assert alliance.says(PROTARGET, "cohort.closed", closing).versions


def test_it_excuses_no_other_cohort_or_stage_and_nothing_before_it_is_in_force() -> None:
    alliance = two_evaluable()
    said = decision(ONE, decision="expand", data_cut=last(alliance))
    alliance.adopts("another-stage", "decision", off_design("cases", stage=2))
    alliance.says(DRUP, "resolution.proposed", resolution("proposed", "decision", off_design("cases")))

    alliance.refuses(
        DRUP, "cohort.stage_decided", {**said, "override": "another-stage"}, because="is about another cohort or stage"
    )
    alliance.refuses(
        DRUP, "cohort.stage_decided", {**said, "override": "proposed"}, because="no decision resolution proposed is in"
    )


def test_where_the_design_is_followed_a_resolution_may_be_named_all_the_same() -> None:
    alliance = two_evaluable()
    alliance.adopts("excused", "decision", off_design("cases"))

    said = decision(FIRST_TWO, decision="expand", data_cut=last(alliance), override="excused")

    assert alliance.says(DRUP, "cohort.stage_decided", said).versions


def test_nobody_but_who_decides_is_excused() -> None:
    alliance = two_evaluable()
    alliance.adopts("excused", "decision", off_design("cases"))

    alliance.refuses(
        PROTARGET,
        "cohort.stage_decided",
        decision(ONE, decision="expand", data_cut=last(alliance), override="excused"),
        because="accrual is pooled",
    )


BAD: dict[str, tuple[Data, str]] = {
    "of a cohort that nobody defined": (off_design("cases", cohort="none"), "no cohort named none is defined"),
    "of stage 3": (off_design("cases", stage=3), "stage"),
    "that excuses nothing": (off_design(), "off_design"),
    "that excuses what it cannot": (off_design("order"), "off_design"),
    "that excuses one thing twice": (off_design("cases", "cases"), "sorted, each once"),
    "out of order": (off_design("decision", "cases"), "sorted, each once"),
    "without a word why": ({**off_design("cases"), "why": " "}, "why"),
}


@pytest.mark.parametrize(("content", "because"), BAD.values(), ids=BAD)
def test_a_decision_off_the_design_that_is_not_whole_is_refused(content: Data, because: str) -> None:
    alliance = two_evaluable()

    alliance.refuses(DRUP, "resolution.proposed", resolution("r", "decision", content), because=because)


def test_before_the_cohort_is_defined_nothing_is_decided_about_it() -> None:
    agreed().refuses(
        DRUP,
        "resolution.proposed",
        resolution("r", "decision", off_design("cases")),
        because="no cohort named braf-v600 is defined",
    )
