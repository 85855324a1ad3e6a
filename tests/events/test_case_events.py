"""A patient's way into a cohort: case.submitted, profiled, prescreened, allocated, released, consent.withdrawn."""

from typing import Any

import pytest
from given import (
    COHORT,
    DEFINITION,
    DRUP,
    FINPROVE,
    PROFILE,
    PROTARGET,
    Alliance,
    Data,
    case,
    defined,
    founded,
    opened,
    patient,
    set_by,
)

SUBMITTED: Data = {"case": case(1), "on": "2021-11-20"}
PROFILED: Data = {"case": case(1), "on": "2021-11-22", **PROFILE}
PRESCREENED: Data = {"case": case(1), "on": "2021-11-23", "potential_target": True, "targets": ["BRAF V600E"]}
WITHDRAWN: Data = {"case": case(1), "on": "2021-12-09", "scope": "sharing"}
ALLOCATED: Data = {**patient(case(1)), "on": "2021-12-01"}
RELEASED: Data = {**patient(case(1)), "on": "2021-12-05", "reason_code": "ineligible", "reason": None}


def with_trial() -> Alliance:
    alliance = founded()
    alliance.runs_trial(DRUP)
    return alliance


def submitted() -> Alliance:
    alliance = opened(DRUP)
    alliance.says(DRUP, "case.submitted", SUBMITTED)
    return alliance


# ---------------------------------------------------------------------- before any cohort


def test_a_case_is_submitted() -> None:
    alliance = with_trial()

    taken = alliance.says(DRUP, "case.submitted", SUBMITTED)

    assert set_by(taken) == {("cases", (DRUP, case(1))): {"submitted_on": "2021-11-20"}}
    assert alliance.stood_on(taken) == ["trial.registered"]


@pytest.mark.parametrize(("type_", "data"), [("case.submitted", SUBMITTED), ("case.profiled", PROFILED)])
def test_a_case_that_is_known_is_not_submitted(type_: str, data: Data) -> None:
    alliance = with_trial()
    alliance.says(DRUP, type_, data)

    alliance.refuses(DRUP, "case.submitted", SUBMITTED, because=f"case {case(1)} of drup-nl is known already")


def test_two_nodes_may_draw_the_same_handle_and_mean_two_cases() -> None:
    alliance = with_trial()
    alliance.runs_trial(PROTARGET)
    alliance.says(DRUP, "case.submitted", SUBMITTED)

    alliance.says(PROTARGET, "case.submitted", SUBMITTED)

    assert alliance.row("cases", PROTARGET, case(1)) is not None


def test_a_profile_holds_commitments_and_no_value() -> None:
    alliance = with_trial()

    taken = alliance.says(DRUP, "case.profiled", PROFILED)

    assert set_by(taken) == {
        ("profiles", (DRUP, case(1))): {
            "profiled_on": "2021-11-22",
            "assay": "wgs",
            **alliance.commitments(taken),
        }
    }
    assert set(alliance.commitments(taken)) == set(PROFILE) - {"assay"}
    assert alliance.stood_on(taken) == ["trial.registered"]


def test_a_case_is_profiled_once() -> None:
    alliance = with_trial()
    alliance.says(DRUP, "case.profiled", PROFILED)

    alliance.refuses(DRUP, "case.profiled", PROFILED, because=f"case {case(1)} of drup-nl is profiled already")


def test_a_case_is_prescreened_as_often_as_it_takes() -> None:
    alliance = with_trial()

    first = alliance.says(DRUP, "case.prescreened", PRESCREENED)
    second = alliance.says(DRUP, "case.prescreened", {**PRESCREENED, "potential_target": False, "targets": None})

    for taken, potential in ((first, True), (second, False)):
        assert set_by(taken) == {
            ("prescreenings", (DRUP, case(1), taken.event.event_id)): {
                "prescreened_on": "2021-11-23",
                "potential_target": potential,
                "targets": alliance.commitments(taken)["targets"],
            }
        }
        assert alliance.stood_on(taken) == ["trial.registered"]


@pytest.mark.parametrize(
    ("type_", "data"),
    [("case.submitted", SUBMITTED), ("case.profiled", PROFILED), ("case.prescreened", PRESCREENED)],
)
def test_a_node_without_a_registered_trial_has_no_cases(type_: str, data: Data) -> None:
    founded().refuses(DRUP, type_, data, because=f"{type_} needs a registered trial of drup-nl")


def test_consent_is_withdrawn() -> None:
    alliance = submitted()

    taken = alliance.says(DRUP, "consent.withdrawn", WITHDRAWN)

    assert set_by(taken) == {
        ("consent_withdrawals", (DRUP, case(1), taken.event.event_id)): {
            "withdrawn_on": "2021-12-09",
            "scope": "sharing",
        }
    }
    assert alliance.stood_on(taken) == ["case.submitted"]


def test_consent_of_a_case_that_was_only_profiled_is_withdrawn() -> None:
    alliance = with_trial()
    alliance.says(DRUP, "case.profiled", PROFILED)

    assert alliance.stood_on(alliance.says(DRUP, "consent.withdrawn", WITHDRAWN)) == ["case.profiled"]


def test_consent_of_a_case_that_nobody_knows_is_not_withdrawn() -> None:
    because = f"consent.withdrawn needs case {case(1)} of "
    submitted().refuses(PROTARGET, "consent.withdrawn", WITHDRAWN, because=f"{because}protarget-dk")
    alliance = with_trial()
    alliance.says(DRUP, "case.prescreened", PRESCREENED)

    alliance.refuses(DRUP, "consent.withdrawn", WITHDRAWN, because=f"{because}drup-nl")


@pytest.mark.parametrize(
    ("type_", "field", "data"),
    [
        ("case.profiled", "assay", {**PROFILED, "assay": "horoscope"}),
        ("case.prescreened", "potential_target", {**PRESCREENED, "potential_target": "yes"}),
        ("consent.withdrawn", "scope", {**WITHDRAWN, "scope": "some"}),
    ],
)
def test_a_case_event_says_nothing_that_is_not_listed(type_: str, field: str, data: dict[str, Any]) -> None:
    submitted().refuses(DRUP, type_, data, because=f"{type_}: {field}")


# ---------------------------------------------------------------------- case.allocated


def test_an_allocation_begins_an_episode() -> None:
    alliance = submitted()

    taken = alliance.says(DRUP, "case.allocated", ALLOCATED)

    assert set_by(taken) == {
        ("episodes", (COHORT, DRUP, case(1), taken.event.event_id)): {"allocated_on": "2021-12-01"}
    }
    assert alliance.stood_on(taken) == ["case.submitted", "cohort.opened"]


def test_a_case_that_was_only_profiled_is_allocated() -> None:
    alliance = opened(DRUP)
    alliance.says(DRUP, "case.profiled", PROFILED)

    assert alliance.stood_on(alliance.says(DRUP, "case.allocated", ALLOCATED)) == ["case.profiled", "cohort.opened"]


def test_a_case_that_this_node_does_not_know_is_not_allocated() -> None:
    alliance = opened(DRUP, PROTARGET)
    alliance.says(DRUP, "case.submitted", SUBMITTED)

    alliance.refuses(
        PROTARGET, "case.allocated", ALLOCATED, because=f"case.allocated needs case {case(1)} of protarget-dk"
    )


def test_a_node_cannot_allocate_into_a_cohort_that_is_not_open_there() -> None:
    because = "case.allocated needs cohort braf-v600 open at "
    alliance = opened(DRUP)
    alliance.runs_trial(PROTARGET)
    alliance.says(PROTARGET, "case.submitted", SUBMITTED)
    alliance.refuses(PROTARGET, "case.allocated", ALLOCATED, because=f"{because}protarget-dk")
    alliance = defined(DRUP)
    alliance.says(DRUP, "case.submitted", SUBMITTED)

    alliance.refuses(DRUP, "case.allocated", ALLOCATED, because=f"{because}drup-nl")
    alliance.refuses(DRUP, "case.allocated", {**ALLOCATED, "cohort": "other"}, because="cohort other open at drup-nl")


@pytest.mark.parametrize("on", ["2021-05-31", "2021-06-29", "2021-05", "2021-Q1", "2020"])
def test_a_case_is_not_allocated_before_the_cohort_opened(on: str) -> None:
    submitted().refuses(
        DRUP, "case.allocated", {**ALLOCATED, "on": on}, because=f"cohort braf-v600 open at drup-nl on {on}"
    )


@pytest.mark.parametrize(("scope", "node"), [("here", DRUP), ("everywhere", DRUP)])
def test_a_case_is_not_allocated_once_the_cohort_is_closed(scope: str, node: str) -> None:
    alliance = submitted()
    alliance.says(
        node,
        "cohort.closed",
        {"cohort": COHORT, "on": "2021-12-01", "reason_code": "other", "scope": scope, "reason": "moved"},
    )

    alliance.refuses(DRUP, "case.allocated", ALLOCATED, because="cohort braf-v600 open at drup-nl on 2021-12-01")
    alliance.says(DRUP, "case.allocated", {**ALLOCATED, "on": "2021-11-30"})  # told late, of a day before


def test_a_case_is_not_allocated_while_the_cohort_is_suspended() -> None:
    alliance = submitted()
    alliance.says(
        DRUP, "cohort.suspended", {"cohort": COHORT, "on": "2021-11-25", "reason_code": "safety", "reason": None}
    )
    alliance.says(
        DRUP, "cohort.resumed", {"cohort": COHORT, "on": "2021-12-02", "reason_code": "safety", "reason": None}
    )

    alliance.refuses(
        DRUP, "case.allocated", ALLOCATED, because="cohort braf-v600 is suspended at drup-nl on 2021-12-01"
    )
    alliance.says(DRUP, "case.allocated", {**ALLOCATED, "on": "2021-12-02"})


def test_a_case_is_in_a_cohort_once_at_a_time() -> None:
    alliance = submitted()
    alliance.says(DRUP, "case.allocated", ALLOCATED)

    alliance.refuses(
        DRUP, "case.allocated", ALLOCATED, because=f"case {case(1)} of drup-nl is in cohort braf-v600 already"
    )


def test_two_nodes_that_want_the_last_place_one_gets_it_and_the_other_a_clear_refusal() -> None:
    alliance = opened(DRUP, PROTARGET)
    alliance.allocates(DRUP, case(1))
    for node in (DRUP, PROTARGET):
        alliance.says(node, "case.submitted", {"case": case(2), "on": "2021-11-20"})

    alliance.says(PROTARGET, "case.allocated", {**patient(case(2)), "on": "2021-12-02"})

    alliance.refuses(
        DRUP,
        "case.allocated",
        {**patient(case(2)), "on": "2021-12-01"},  # said of an earlier day, and sequenced later
        because="no place is left in stage 1 of cohort braf-v600",
    )


def test_where_accrual_is_per_trial_each_trial_has_all_the_places() -> None:
    alliance = opened(DRUP, PROTARGET, accrual="per-trial")
    for node in (DRUP, PROTARGET):
        for number in (1, 2):
            alliance.allocates(node, case(number))

    alliance.says(DRUP, "case.submitted", {"case": case(3), "on": "2021-11-20"})

    alliance.refuses(
        DRUP, "case.allocated", {**patient(case(3)), "on": "2021-12-01"}, because="no place is left in stage 1"
    )


def test_an_evaluable_patient_keeps_the_place_and_one_who_is_not_frees_it() -> None:
    alliance = opened(DRUP, FINPROVE)
    for number in (1, 2):
        alliance.treats(DRUP, case(number))
    alliance.says(FINPROVE, "case.submitted", {"case": case(3), "on": "2021-11-20"})
    third: Data = {**patient(case(3)), "on": "2021-12-01"}
    alliance.finds(DRUP, case(1))
    alliance.refuses(FINPROVE, "case.allocated", third, because="no place is left in stage 1")

    alliance.finds(DRUP, case(2), evaluable=False)

    alliance.says(FINPROVE, "case.allocated", third)


# ---------------------------------------------------------------------- case.released


def allocated() -> Alliance:
    alliance = opened(DRUP)
    alliance.allocates(DRUP, case(1))
    return alliance


def test_a_release_ends_the_episode_and_frees_the_place() -> None:
    alliance = allocated()
    episode = alliance.database.events[-1].event_id
    alliance.allocates(DRUP, case(2))

    taken = alliance.says(DRUP, "case.released", RELEASED)

    assert set_by(taken) == {
        ("episodes", (COHORT, DRUP, case(1), episode)): {
            "released_on": "2021-12-05",
            "release_code": "ineligible",
            "release_reason": alliance.commitments(taken)["reason"],
        }
    }
    assert alliance.stood_on(taken) == ["case.allocated"]
    alliance.allocates(DRUP, case(3))


def test_an_enrolled_patient_is_released_before_treatment() -> None:
    alliance = opened(DRUP)
    alliance.enrols(DRUP, case(1))

    assert alliance.says(DRUP, "case.released", RELEASED).versions


def test_a_case_that_is_not_allocated_is_not_released() -> None:
    because = f"case.released needs case {case(1)} of drup-nl allocated to braf-v600"
    submitted().refuses(DRUP, "case.released", RELEASED, because=because)
    alliance = allocated()
    alliance.says(DRUP, "case.released", RELEASED)

    alliance.refuses(DRUP, "case.released", RELEASED, because=because)


def test_a_patient_whose_treatment_has_started_is_not_released() -> None:
    alliance = opened(DRUP)
    alliance.treats(DRUP, case(1))

    alliance.refuses(DRUP, "case.released", RELEASED, because=f"case {case(1)} has started treatment in braf-v600")


def test_a_case_that_was_released_is_allocated_again_with_an_episode_of_its_own() -> None:
    alliance = allocated()
    alliance.says(DRUP, "case.released", RELEASED)

    taken = alliance.allocates(DRUP, case(1), on="2021-12-10")

    assert set_by(taken) == {
        ("episodes", (COHORT, DRUP, case(1), taken.event.event_id)): {"allocated_on": "2021-12-10"}
    }


def test_a_patient_may_come_back_for_another_drug() -> None:
    alliance = opened(DRUP)
    alliance.says(DRUP, "cohort.defined", {**DEFINITION, "cohort": "other"})
    alliance.opens(DRUP, cohort="other")
    alliance.treats(DRUP, case(1))

    taken = alliance.allocates(DRUP, case(1), cohort="other")

    assert [*set_by(taken)] == [("episodes", ("other", DRUP, case(1), taken.event.event_id))]
