"""What became of a patient: response.assessed, outcome.determined, adverse_event.reported, survival.updated."""

import pytest
from given import (
    ASSESSMENT,
    CLAIM,
    COHORT,
    DEATH,
    DRUP,
    PROTARGET,
    TOXICITY,
    Data,
    case,
    opened,
    patient,
    set_by,
    treated,
)

OF_THEIR_OWN = {
    "response.assessed": ("assessments", ASSESSMENT),
    "adverse_event.reported": ("adverse_events", TOXICITY),
    "survival.updated": ("survival_updates", DEATH),
}
OUTCOMES = {type_: data for type_, (_, data) in OF_THEIR_OWN.items()} | {"outcome.determined": CLAIM}
every_outcome = pytest.mark.parametrize(("type_", "sealed"), OUTCOMES.items())


@pytest.mark.parametrize("type_", OF_THEIR_OWN)
def test_each_has_a_row_of_its_own_and_all_of_it_sealed(type_: str) -> None:
    table, sealed = OF_THEIR_OWN[type_]
    alliance = treated()

    first = alliance.says(DRUP, type_, {**patient(case(1)), **sealed})
    second = alliance.says(DRUP, type_, {**patient(case(1)), **sealed})

    for taken in (first, second):
        assert set_by(taken) == {(table, (COHORT, DRUP, case(1), taken.event.event_id)): alliance.commitments(taken)}
        assert set(alliance.commitments(taken)) == set(sealed)
        assert alliance.stood_on(taken) == ["treatment.started"]


def test_a_nodes_own_claim_stands_in_the_episode_and_a_later_one_in_its_place() -> None:
    alliance = treated()
    (episode,) = alliance.database.rows("episodes")

    first = alliance.says(DRUP, "outcome.determined", {**patient(case(1)), **CLAIM})
    second = alliance.says(DRUP, "outcome.determined", {**patient(case(1)), **CLAIM, "benefit": "no"})

    for taken in (first, second):
        assert set_by(taken) == {("episodes", episode.key): alliance.commitments(taken)}
        assert alliance.stood_on(taken) == ["treatment.started"]
    assert episode.value("benefit") == alliance.commitments(second)["benefit"]


@every_outcome
def test_there_is_no_outcome_before_treatment(type_: str, sealed: Data) -> None:
    alliance = opened(DRUP)
    alliance.enrols(DRUP, case(1))

    alliance.refuses(
        DRUP,
        type_,
        {**patient(case(1)), **sealed},
        because=f"{type_} needs treatment of case {case(1)} of drup-nl started in braf-v600",
    )


@every_outcome
def test_a_node_tells_the_outcomes_of_its_own_patients(type_: str, sealed: Data) -> None:
    treated().refuses(
        PROTARGET,
        type_,
        {**patient(case(1)), **sealed},
        because=f"{type_} needs treatment of case {case(1)} of protarget-dk started",
    )


@every_outcome
def test_an_outcome_is_of_the_cohort_that_treated(type_: str, sealed: Data) -> None:
    treated().refuses(
        DRUP, type_, {**patient(case(1), "other"), **sealed}, because="started in other, and no such event stands"
    )


@every_outcome
def test_outcomes_are_told_after_the_treatment_ended(type_: str, sealed: Data) -> None:
    alliance = treated()
    alliance.says(DRUP, "treatment.ended", {**patient(case(1)), "day": 120, "reason": "progression"})

    assert alliance.says(DRUP, type_, {**patient(case(1)), **sealed}).versions
