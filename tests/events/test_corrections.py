"""Corrections: one mechanism for every type, which takes nothing away that a standing event needs."""

import pytest
from amended import assessed, correction, corrects, last_of, retraction, retracts
from given import (
    ASSESSMENT,
    CLAIM,
    COHORT,
    DRUGS,
    DRUP,
    LONG_AGO,
    PROTARGET,
    Data,
    case,
    founded,
    opened,
    patient,
    set_by,
    signing_key,
    treated,
    trial_of,
)
from stages import FIRST_TWO, decision, expanded

from ledger.signing.canonical import Json
from ledger.signing.envelope import sign

CASE: Data = patient(case(1))


# ---------------------------------------------------------------------- a correction


def test_a_correction_lays_the_replacement_over_what_it_corrects() -> None:
    alliance, wrong = assessed()
    [row] = set_by(wrong)

    right = corrects(alliance, wrong, **CASE, **{**ASSESSMENT, "response": "SD"})

    sealed = alliance.commitments(right)
    assert set_by(right) == {
        row: {name: sealed[f"replacement.{name}"] for name in ASSESSMENT},
        ("corrections", (DRUP, right.event.event_id)): {
            "target": wrong.event.event_id,
            "kind": "corrected",
            "reason_code": "typing-error",
            "reason": sealed["reason"],
        },
    }
    assert (right.event.corrects, right.event.retracts) == (wrong.event.index, False)
    assert right.event.case == case(1)


def test_of_two_corrections_the_later_one_holds() -> None:
    alliance, wrong = assessed()
    corrects(alliance, wrong, **CASE, **{**ASSESSMENT, "response": "SD"})

    last = corrects(alliance, wrong, **CASE, **{**ASSESSMENT, "response": "PD"})

    [row] = set_by(wrong)
    assert alliance.row(*row[:1], *row[1]) == {
        name: alliance.commitments(last)[f"replacement.{name}"] for name in ASSESSMENT
    }
    assert alliance.database.standing.corrections_of(wrong.event.index) == (last.event.index - 1, last.event.index)


def test_a_correction_of_an_older_event_does_not_override_a_newer_one() -> None:
    alliance = treated()
    older = alliance.says(DRUP, "outcome.determined", {**CASE, **CLAIM})
    newer = alliance.says(DRUP, "outcome.determined", {**CASE, **CLAIM, "benefit": "no"})
    [row] = set_by(newer)

    corrects(alliance, older, **CASE, **CLAIM)

    claimed = alliance.row(*row[:1], *row[1])
    assert claimed is not None
    assert claimed["benefit"] == alliance.commitments(newer)["benefit"]


def test_a_replacement_may_set_cells_of_another_row() -> None:
    alliance = opened(DRUP, PROTARGET)
    closing: Data = {"cohort": COHORT, "on": "2021-12", "reason_code": "other", "reason": "so it was"}
    closed = alliance.says(DRUP, "cohort.closed", {**closing, "scope": "here"})
    [(_, here)] = set_by(closed)

    right = corrects(alliance, closed, **closing, scope="everywhere")

    assert set_by(right)["cohorts", (COHORT,)]["closed_on"] == "2021-12"
    assert "closed_on" not in (alliance.row("cohort_openings", *here) or {})


def test_a_closing_is_corrected_in_its_own_period_and_not_in_the_one_that_runs_now() -> None:
    alliance = opened(DRUP)
    closing: Data = {"cohort": COHORT, "on": "2021-12-01", "reason_code": "other", "reason": "x", "scope": "here"}
    closed = alliance.says(DRUP, "cohort.closed", closing)
    alliance.opens(DRUP, on="2021-12-10")

    right = corrects(alliance, closed, **{**closing, "reason_code": "safety", "on": "2021-12-02"})

    assert set_by(right).keys() - {("corrections", (DRUP, right.event.event_id))} == set_by(closed).keys()


def test_a_value_is_still_known_as_it_stood_before_it_was_corrected_or_retracted() -> None:
    alliance = treated()
    found = alliance.finds(DRUP, case(1))
    [(table, key)] = set_by(found)
    corrected = corrects(alliance, found, **CASE, evaluable=False, rule="no-scan")
    retracted = retracts(alliance, found)

    record = alliance.database.history(table, key)

    assert record is not None
    at = [record.value_at("evaluable", each.event.index) for each in (found, corrected, retracted)]
    assert at == [True, False, None]
    assert record.value("evaluable") is None


# ---------------------------------------------------------------------- what a replacement must be


def test_the_replacement_is_of_the_type_s_schema() -> None:
    alliance = treated()
    found = alliance.finds(DRUP, case(1))

    alliance.refuses(
        DRUP,
        "event.corrected",
        correction(found, **CASE, evaluable="yes", rule="x"),
        because="evaluability.determined: evaluable",
    )
    alliance.refuses(DRUP, "event.corrected", correction(found, **CASE), because="evaluability.determined: ")


def test_every_sealed_field_of_the_replacement_is_there_and_sealed() -> None:
    alliance, wrong = assessed()
    told: Data = {**correction(wrong), "replacement": {**CASE, **ASSESSMENT}}
    clear = alliance._sealed(told, {"reason"})
    envelope = alliance.claims(DRUP, "event.corrected", clear[0])

    alliance.refuses_envelope(
        sign(envelope, clear[1], signing_key(DRUP)), because="response.assessed: the field day is always there"
    )


@pytest.mark.parametrize("field", ["case", "cohort"])
def test_of_another_case_or_cohort_it_is_another_event(field: str) -> None:
    alliance = treated()
    alliance.enrols(DRUP, case(2))
    found = alliance.finds(DRUP, case(1))
    other: dict[str, Json] = {**CASE, field: case(2) if field == "case" else "another"}

    alliance.refuses(
        DRUP, "event.corrected", correction(found, **other, evaluable=True, rule="x"), because=f"is of another {field}"
    )


def test_of_another_regimen_or_metric_it_is_another_event() -> None:
    alliance = founded()
    alliance.runs_trial(DRUP)
    supplied = alliance.says(DRUP, "supply.committed", {"regimen": DRUGS})
    census: Data = {"kind": "count", "operator": "ge", "value": 2, "as_of": "2021-12", "quote": "two"}
    attested = alliance.says(DRUP, "census.attested", {**census, "metric": "cases_submitted"})

    alliance.refuses(
        DRUP, "event.corrected", correction(supplied, regimen=["olaparib"]), because="is of another regimen"
    )
    alliance.refuses(
        DRUP,
        "event.corrected",
        correction(attested, **census, metric="cases_profiled"),
        because="is of another metric",
    )


def test_its_day_must_have_come_when_it_is_corrected() -> None:
    alliance = founded()
    alliance.says(DRUP, "trial.registered", trial_of(DRUP))
    trial = alliance.says(DRUP, "trial.opened", {"on": LONG_AGO})

    alliance.refuses(DRUP, "event.corrected", correction(trial, on="2031"), because="has not come yet")


def test_made_up_things_are_corrected_as_made_up_and_no_others_are() -> None:
    alliance = treated()
    told: Data = {**CASE, "evaluable": True, "rule": "x"}
    found = alliance.says(DRUP, "evaluability.determined", {**told, "synthetic": True})
    flagged = {**correction(found, **told, synthetic=True), "synthetic": True}

    alliance.refuses(
        DRUP, "event.corrected", {**flagged, "replacement": {**told}}, because="both synthetic, or neither"
    )
    alliance.refuses(DRUP, "event.corrected", correction(found, **told, synthetic=True), because="both synthetic")
    alliance.refuses(DRUP, "event.retracted", retraction(found), because="both synthetic, or neither is")
    assert alliance.says(DRUP, "event.corrected", flagged).event.synthetic


def test_the_type_s_own_rule_is_asked_again_with_the_target_lifted() -> None:
    alliance = opened(DRUP)
    suspended: Data = {"cohort": COHORT, "on": "2021-07", "reason_code": "safety", "reason": None}
    wrong = alliance.says(DRUP, "cohort.suspended", suspended)

    alliance.refuses(
        DRUP,
        "event.corrected",
        correction(wrong, **{**suspended, "on": "2021-03"}),
        because=f"cohort {COHORT} is not open at {DRUP} on 2021-03",
    )
    corrects(alliance, wrong, **{**suspended, "on": "2021-08"})  # the suspension itself is not in its way


def test_what_a_replacement_needs_must_stand() -> None:
    alliance = opened(DRUP)
    alliance.says(DRUP, "case.submitted", {"case": case(1), "on": "2021-11-20"})
    allocated = alliance.says(DRUP, "case.allocated", {**CASE, "on": "2021-12-01"})

    alliance.refuses(
        DRUP,
        "event.corrected",
        correction(allocated, **CASE, on="2021-02"),
        because=f"needs cohort {COHORT} open at {DRUP} on 2021-02",
    )


def test_places_are_not_asked_again_where_the_day_alone_is_other() -> None:
    alliance = opened(DRUP)
    for number in (1, 2):
        alliance.allocates(DRUP, case(number))
    released = alliance.says(
        DRUP, "case.released", {**CASE, "on": "2021-12-02", "reason_code": "choice", "reason": None}
    )
    last = alliance.allocates(DRUP, case(3))
    retracts(alliance, released)  # three have the two places of the stage now
    alliance.says(DRUP, "case.submitted", {"case": case(4), "on": "2021-11-20"})
    alliance.refuses(DRUP, "case.allocated", {**patient(case(4)), "on": "2021-12-01"}, because="no place is left")

    taken = corrects(alliance, last, **patient(case(3)), on="2021-11-30")

    assert set_by(taken)["episodes", (COHORT, DRUP, case(3), last.event.event_id)] == {"allocated_on": "2021-11-30"}


def test_the_stage_is_asked_again_where_it_is_other() -> None:
    alliance = treated()
    started = last_of(alliance, "treatment.started")

    alliance.refuses(
        DRUP,
        "event.corrected",
        correction(started, **CASE, on="2021-12-03", stage=2, doses=None),
        because=f"cohort {COHORT} is in stage 1, not in stage 2",
    )


# ---------------------------------------------------------------------- what stands on it


def test_a_correction_may_not_take_away_what_a_standing_event_needs() -> None:
    alliance = opened(DRUP)
    opening = last_of(alliance, "cohort.opened")
    allocated = alliance.allocates(DRUP, case(1), on="2021-12-01")

    error = alliance.refuses(
        DRUP,
        "event.corrected",
        correction(opening, cohort=COHORT, on="2021-12-15"),
        because=f"it takes away what case.allocated {allocated.event.event_id} (entry {allocated.event.index}) needs",
    )
    taken = corrects(alliance, opening, cohort=COHORT, on="2021-11")

    assert error.facts["needed_by"] == allocated.event.event_id
    assert taken.event.corrects == opening.event.index


def test_what_a_stage_was_decided_on_is_not_corrected_away() -> None:
    alliance = opened(DRUP)
    for number in (1, 2):
        alliance.treats(DRUP, case(number))
    found = [alliance.finds(DRUP, case(number)) for number in (1, 2)]
    started = last_of(alliance, "treatment.started")
    decided = alliance.says(
        DRUP,
        "cohort.stage_decided",
        {
            "cohort": COHORT,
            "stage": 1,
            "evaluable": [{"node": DRUP, "case": case(number)} for number in (1, 2)],
            "benefits": 2,
            "decision": "expand",
            "data_cut": alliance.database.size - 1,
        },
    )

    alliance.refuses(
        DRUP,
        "event.corrected",
        correction(found[0], **CASE, evaluable=False, rule="no-scan"),
        because=f"it takes away what cohort.stage_decided {decided.event.event_id}",
    )
    corrects(alliance, found[0], **CASE, evaluable=True, rule="two-scans")
    retracts(alliance, decided)
    corrects(alliance, found[0], **CASE, evaluable=False, rule="no-scan")

    assert alliance.database.standing.dependants_of(started.event.index) == [found[1].event.index]


@pytest.mark.parametrize(
    ("anew", "because"),
    [
        ({"on": "2021-09"}, "was closed at drup-nl after 2021-08"),
        ({"scope": "everywhere"}, "is open at drup-nl already"),
    ],
)
def test_a_closing_is_not_corrected_into_the_time_of_the_next_opening(anew: Data, because: str) -> None:
    alliance = opened(DRUP)
    closing: Data = {"cohort": COHORT, "on": "2021-07", "reason_code": "other", "reason": "x", "scope": "here"}
    closed = alliance.says(DRUP, "cohort.closed", closing)
    alliance.opens(DRUP, on="2021-08")

    error = alliance.refuses(
        DRUP, "event.corrected", correction(closed, **{**closing, **anew}), because="it takes away what cohort.opened"
    )

    assert because in str(error)
    assert corrects(alliance, closed, **{**closing, "on": "2021-07-31"}).versions


def test_an_opening_is_not_corrected_to_a_day_after_its_closing() -> None:
    alliance = opened(DRUP)
    opening = last_of(alliance, "cohort.opened")
    closing: Data = {"cohort": COHORT, "on": "2021-07", "reason_code": "other", "reason": "x", "scope": "here"}
    alliance.says(DRUP, "cohort.closed", closing)

    alliance.refuses(
        DRUP,
        "event.corrected",
        correction(opening, cohort=COHORT, on="2021-08"),
        because="it takes away what cohort.closed",
    )


def test_a_decision_is_not_corrected_away_from_the_stage_that_patients_were_treated_in() -> None:
    alliance = expanded()
    decided = last_of(alliance, "cohort.stage_decided")
    started = alliance.treats(PROTARGET, case(3), stage=2)
    cut = decided.event.index - 1

    alliance.refuses(
        DRUP,
        "event.corrected",
        correction(decided, **decision(FIRST_TWO, decision="close-futility", benefits=0, data_cut=cut)),
        because="a decision has ended cohort braf-v600",
    )

    assert corrects(alliance, decided, **decision(FIRST_TWO, decision="expand", benefits=2, data_cut=cut)).versions
    assert decided.event.index in alliance.database.standing.needs_of(started.event.index)


def test_the_needs_of_a_correction_are_those_of_the_event_from_then_on() -> None:
    alliance = opened(DRUP)
    first = last_of(alliance, "cohort.opened")
    closing: Data = {"cohort": COHORT, "on": "2021-07", "reason_code": "other", "reason": "x", "scope": "here"}
    alliance.says(DRUP, "cohort.closed", closing)
    alliance.opens(DRUP, on="2021-08")
    second = last_of(alliance, "cohort.opened")
    allocated = alliance.allocates(DRUP, case(1), on="2021-12-01")
    standing = alliance.database.standing
    assert allocated.event.index in standing.dependants_of(second.event.index)

    corrects(alliance, allocated, **CASE, on="2021-07-10")

    assert allocated.event.index in standing.dependants_of(first.event.index)
    assert allocated.event.index not in standing.dependants_of(second.event.index)
    retracts(alliance, second)
