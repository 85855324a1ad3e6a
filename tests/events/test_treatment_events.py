"""A patient's way through a cohort: patient.enrolled, treatment.started, treatment.ended, evaluability.determined."""

import pytest
from given import COHORT, DOSES, DRUP, ENROLMENT, PROTARGET, Alliance, Data, case, opened, patient, set_by, treated

ENROLLED: Data = {**patient(case(1)), "on": "2021-12-02", **ENROLMENT}
STARTED: Data = {**patient(case(1)), "on": "2021-12-03", "stage": 1, **DOSES}
ENDED: Data = {**patient(case(1)), "day": 120, "reason": "progression"}
EVALUABLE: Data = {**patient(case(1)), "evaluable": True, "rule": "one-cycle-and-a-scan"}
RELEASED: Data = {**patient(case(1)), "on": "2021-12-05", "reason_code": "ineligible", "reason": None}


def allocated() -> Alliance:
    alliance = opened(DRUP, PROTARGET)
    alliance.allocates(DRUP, case(1))
    return alliance


def enrolled() -> Alliance:
    alliance = allocated()
    alliance.says(DRUP, "patient.enrolled", ENROLLED)
    return alliance


def episode_of(alliance: Alliance) -> tuple[str, tuple[str, ...]]:
    (episode,) = alliance.database.rows("episodes")
    return "episodes", episode.key


# ---------------------------------------------------------------------- patient.enrolled


def test_an_enrolment_holds_commitments_and_no_value() -> None:
    alliance = allocated()

    taken = alliance.says(DRUP, "patient.enrolled", ENROLLED)

    assert set_by(taken) == {episode_of(alliance): {"enrolled_on": "2021-12-02", **alliance.commitments(taken)}}
    assert set(alliance.commitments(taken)) == set(ENROLMENT)
    assert alliance.stood_on(taken) == ["case.allocated"]


def test_a_patient_who_is_not_allocated_is_not_enrolled() -> None:
    because = f"patient.enrolled needs case {case(1)} of "
    allocated().refuses(PROTARGET, "patient.enrolled", ENROLLED, because=f"{because}protarget-dk")
    alliance = allocated()
    alliance.says(DRUP, "case.released", RELEASED)

    alliance.refuses(DRUP, "patient.enrolled", ENROLLED, because=f"{because}drup-nl allocated to braf-v600")


def test_a_patient_is_enrolled_once() -> None:
    enrolled().refuses(DRUP, "patient.enrolled", ENROLLED, because=f"case {case(1)} is enrolled in braf-v600 already")


# ---------------------------------------------------------------------- treatment.started


def test_a_treatment_starts_in_a_stage() -> None:
    alliance = enrolled()

    taken = alliance.says(DRUP, "treatment.started", STARTED)

    assert set_by(taken) == {
        episode_of(alliance): {"started_on": "2021-12-03", "stage": 1, "doses": alliance.commitments(taken)["doses"]}
    }
    assert alliance.stood_on(taken) == ["patient.enrolled"]


def test_a_patient_who_is_not_enrolled_is_not_treated() -> None:
    allocated().refuses(
        DRUP,
        "treatment.started",
        STARTED,
        because=f"treatment.started needs case {case(1)} of drup-nl enrolled in braf-v600",
    )


def test_an_enrolment_that_was_released_is_no_leave_to_treat() -> None:
    alliance = enrolled()
    alliance.says(DRUP, "case.released", RELEASED)
    alliance.allocates(DRUP, case(1), on="2021-12-06")

    alliance.refuses(DRUP, "treatment.started", STARTED, because="enrolled in braf-v600, and no such event stands")


def test_a_treatment_starts_once() -> None:
    treated().refuses(
        DRUP, "treatment.started", STARTED, because=f"case {case(1)} has started treatment in braf-v600 already"
    )


@pytest.mark.parametrize("stage", [2, 3])
def test_a_treatment_starts_in_no_stage_but_the_cohorts(stage: int) -> None:
    enrolled().refuses(
        DRUP,
        "treatment.started",
        {**STARTED, "stage": stage},
        because=f"cohort braf-v600 is in stage 1, not in stage {stage}",
    )


@pytest.mark.parametrize("stage", [0, 4, True, "1"])
def test_there_are_three_stages(stage: int | str) -> None:
    enrolled().refuses(DRUP, "treatment.started", {**STARTED, "stage": stage}, because="treatment.started: stage")


def test_a_treatment_starts_though_the_cohort_was_closed_after_the_enrolment() -> None:
    alliance = enrolled()
    alliance.says(
        DRUP,
        "cohort.closed",
        {"cohort": COHORT, "on": "2021-12-02", "reason_code": "other", "scope": "everywhere", "reason": "moved"},
    )

    assert alliance.says(DRUP, "treatment.started", STARTED).versions


# ---------------------------------------------------------------------- treatment.ended


def test_the_end_of_a_treatment_is_sealed() -> None:
    alliance = treated()

    taken = alliance.says(DRUP, "treatment.ended", ENDED)

    sealed = alliance.commitments(taken)
    assert set_by(taken) == {episode_of(alliance): {"end_day": sealed["day"], "end_reason": sealed["reason"]}}
    assert alliance.stood_on(taken) == ["treatment.started"]


def test_a_treatment_that_has_not_started_does_not_end() -> None:
    enrolled().refuses(
        DRUP, "treatment.ended", ENDED, because=f"treatment.ended needs treatment of case {case(1)} of drup-nl started"
    )


def test_a_treatment_ends_once() -> None:
    alliance = treated()
    alliance.says(DRUP, "treatment.ended", ENDED)

    alliance.refuses(
        DRUP, "treatment.ended", ENDED, because=f"the treatment of case {case(1)} in braf-v600 has ended already"
    )


# ---------------------------------------------------------------------- evaluability.determined


@pytest.mark.parametrize("evaluable", [True, False])
def test_whether_a_patient_is_evaluable_is_said_in_the_clear(evaluable: bool) -> None:
    alliance = treated()

    taken = alliance.says(DRUP, "evaluability.determined", {**EVALUABLE, "evaluable": evaluable})

    assert set_by(taken) == {
        episode_of(alliance): {"evaluable": evaluable, "evaluability_rule": "one-cycle-and-a-scan"}
    }
    assert alliance.stood_on(taken) == ["treatment.started"]


def test_whether_an_untreated_patient_is_evaluable_is_no_question() -> None:
    enrolled().refuses(
        DRUP,
        "evaluability.determined",
        EVALUABLE,
        because=f"evaluability.determined needs treatment of case {case(1)} of drup-nl started",
    )


def test_whether_a_patient_is_evaluable_is_determined_once() -> None:
    alliance = treated()
    alliance.says(DRUP, "evaluability.determined", EVALUABLE)

    alliance.refuses(
        DRUP,
        "evaluability.determined",
        {**EVALUABLE, "evaluable": False},
        because=f"whether case {case(1)} is evaluable is determined already: correct that event instead",
    )
