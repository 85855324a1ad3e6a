"""Retractions: an event stands no more, nor its corrections; and what may be neither corrected nor retracted."""

import pytest
from amended import assessed, correction, corrects, last_of, retraction, retracts
from given import (
    ASSESSMENT,
    CLAIM,
    COHORT,
    DEFINITION,
    DRUGS,
    DRUP,
    NO_EVENT,
    PROTARGET,
    Data,
    case,
    defined,
    founded,
    opened,
    patient,
    set_by,
    treated,
)
from stages import ALL_FOUR, decision, expanded, four_evaluable, last

from ledger.cohort.database import Taken

CASE: Data = patient(case(1))


# ---------------------------------------------------------------------- a retraction


def test_a_retraction_lifts_the_event_and_its_corrections() -> None:
    alliance, wrong = assessed()
    [(table, key)] = set_by(wrong)
    corrects(alliance, wrong, **CASE, **ASSESSMENT)

    taken = retracts(alliance, wrong)

    assert alliance.row(table, *key) is None
    assert [version.fields for version in taken.versions if version.table == table] == [{}]
    assert alliance.database.standing.retracted == {wrong.event.index: taken.event.index}
    assert (taken.event.corrects, taken.event.retracts) == (wrong.event.index, True)


def test_what_stood_before_stands_again_when_what_overrode_it_is_retracted() -> None:
    alliance = treated()
    older = alliance.says(DRUP, "outcome.determined", {**CASE, **CLAIM})
    newer = alliance.says(DRUP, "outcome.determined", {**CASE, **CLAIM, "benefit": "no"})
    [(table, key)] = set_by(newer)

    retracts(alliance, newer)

    claimed = alliance.row(table, *key)
    assert claimed is not None
    assert claimed["benefit"] == alliance.commitments(older)["benefit"]


def test_what_was_retracted_can_be_said_again() -> None:
    alliance = treated()
    found = alliance.finds(DRUP, case(1))
    retracts(alliance, found)

    again = alliance.finds(DRUP, case(1), evaluable=False)

    assert set_by(again) == {row: {**cells, "evaluable": False} for row, cells in set_by(found).items()}


def test_an_event_that_others_stand_on_is_retracted_after_them() -> None:
    alliance, response = assessed()
    started, enrolled = last_of(alliance, "treatment.started"), last_of(alliance, "patient.enrolled")

    alliance.refuses(
        DRUP,
        "event.retracted",
        retraction(started),
        because=f"is needed by response.assessed {response.event.event_id} (entry {response.event.index}): retract",
    )
    for taken in (response, started, enrolled):
        retracts(alliance, taken)

    assert alliance.row("episodes", COHORT, DRUP, case(1), last_of(alliance, "case.allocated").event.event_id) == {
        "allocated_on": "2021-12-01"
    }


def test_a_refusal_names_some_of_many_and_counts_the_rest() -> None:
    alliance = treated()
    started = last_of(alliance, "treatment.started")
    for _ in range(8):
        alliance.says(DRUP, "response.assessed", {**CASE, **ASSESSMENT})

    alliance.refuses(DRUP, "event.retracted", retraction(started), because=" and 3 more: retract them first")


def test_a_commitment_that_became_a_supply_is_retracted_after_it() -> None:
    alliance = founded()
    alliance.runs_trial(DRUP)
    committed = alliance.says(DRUP, "supply.committed", {"regimen": DRUGS})
    alliance.supplies(DRUP)

    alliance.refuses(DRUP, "event.retracted", retraction(committed), because="is needed by supply.available")


# ---------------------------------------------------------------------- of what, and by whom


@pytest.mark.parametrize("type_", ["event.corrected", "event.retracted"])
def test_nothing_is_done_to_another_node_s_event_or_to_one_that_is_not_there(type_: str) -> None:
    alliance = opened(DRUP, PROTARGET)
    opening = last_of(alliance, "cohort.opened")
    anew: Data = {"replacement": {"cohort": COHORT, "on": "2021-07"}} if type_ == "event.corrected" else {}

    alliance.refuses(DRUP, type_, {**retraction(opening), **anew}, because=f"is an event of {PROTARGET}")
    alliance.refuses(
        DRUP, type_, {**retraction(opening), **anew, "event": NO_EVENT}, because=f"needs the event {NO_EVENT}"
    )


@pytest.mark.parametrize("type_", ["event.corrected", "event.retracted"])
def test_what_was_retracted_stands_no_more(type_: str) -> None:
    alliance, wrong = assessed()
    retracted = retracts(alliance, wrong)
    anew: Data = {"replacement": {**CASE, **ASSESSMENT}} if type_ == "event.corrected" else {}

    alliance.refuses(
        DRUP,
        type_,
        {**retraction(wrong), **anew},
        because=f"{wrong.event.event_id} was retracted by {retracted.event.event_id}",
    )


@pytest.mark.parametrize("type_", ["memorandum.signed", "resolution.proposed", "event.corrected", "event.retracted"])
def test_what_the_alliance_did_and_corrections_themselves_stay(type_: str) -> None:
    alliance = defined(DRUP)
    corrects(
        alliance, last_of(alliance, "cohort.defined"), **{**DEFINITION, "accrual": "pooled", "label": "BRAF V600E"}
    )
    attested: Data = {
        "metric": "cases_submitted",
        "kind": "count",
        "operator": "ge",
        "value": 2,
        "as_of": "2021-12",
        "quote": "two",
    }
    retracts(alliance, alliance.says(DRUP, "census.attested", attested))
    event = next(each for each in alliance.database.events if (each.type, each.node) == (type_, DRUP))
    target = Taken(event, (), b"", None, b"")

    alliance.refuses(DRUP, "event.retracted", retraction(target), because=f"a {type_} is not retracted")
    alliance.refuses(DRUP, "event.corrected", correction(target, on="2021"), because=f"a {type_} is not corrected")


# ---------------------------------------------------------------------- an end that another beginning stands on


def test_an_end_is_retracted_after_what_began_again_since() -> None:
    alliance = opened(DRUP)
    why: Data = {"reason_code": "other", "reason": "x"}
    first = alliance.allocates(DRUP, case(1))
    released = alliance.says(DRUP, "case.released", {**CASE, "on": "2021-12-02", **why})
    alliance.allocates(DRUP, case(1))
    here: Data = {"cohort": COHORT, "on": "2021-12-03"}
    alliance.says(DRUP, "cohort.suspended", {**here, **why})
    resumed = alliance.says(DRUP, "cohort.resumed", {**here, **why})
    again = alliance.says(DRUP, "cohort.suspended", {**here, **why})
    retracts(alliance, again)
    alliance.says(DRUP, "cohort.suspended", {**here, **why})
    closed = alliance.says(DRUP, "cohort.closed", {**here, **why, "scope": "here"})
    alliance.opens(DRUP, on="2021-12-04")
    withdrawn = alliance.says(DRUP, "supply.withdrawn", {"regimen": DRUGS, "on": "2021-12-05", **why})
    alliance.says(DRUP, "supply.committed", {"regimen": DRUGS})
    again_withdrawn = alliance.says(DRUP, "supply.withdrawn", {"regimen": DRUGS, "on": "2021-12-05", **why})
    alliance.supplies(DRUP, on="2021-12-06")
    stopped = alliance.says(DRUP, "trial.closed", {"on": "2021-12-07", **why, "source": None})
    alliance.says(DRUP, "trial.opened", {"on": "2021-12-08"})

    for taken, type_ in (
        (released, "case.allocated"),
        (resumed, "cohort.suspended"),
        (closed, "cohort.opened"),
        (withdrawn, "supply.committed"),
        (again_withdrawn, "supply.available"),
        (stopped, "trial.opened"),
    ):
        alliance.refuses(DRUP, "event.retracted", retraction(taken), because=f"is needed by {type_} ")
    retracts(alliance, last_of(alliance, "trial.opened"))
    retracts(alliance, stopped)
    assert alliance.database.standing.dependants_of(first.event.index) == [released.event.index]


def test_a_decision_is_retracted_after_what_was_said_in_the_stage_that_it_led_to() -> None:
    alliance = expanded()
    decided = last_of(alliance, "cohort.stage_decided")
    alliance.treats(PROTARGET, case(3), stage=2)
    allocated, started = last_of(alliance, "case.allocated"), last_of(alliance, "treatment.started")

    alliance.refuses(
        DRUP,
        "event.retracted",
        retraction(decided),
        because=f"is needed by case.allocated {allocated.event.event_id} (entry {allocated.event.index}), "
        f"treatment.started {started.event.event_id}",
    )
    for type_ in ("treatment.started", "patient.enrolled", "case.allocated"):
        retracts(alliance, last_of(alliance, type_))
    retracts(alliance, decided)


def test_the_decision_on_a_stage_is_retracted_after_the_one_on_the_next() -> None:
    alliance = four_evaluable()
    alliance.says(
        DRUP,
        "cohort.stage_decided",
        decision(ALL_FOUR, decision="success", stage=2, benefits=2, data_cut=last(alliance)),
    )
    [first, second] = [each for each in alliance.database.events if each.type == "cohort.stage_decided"]

    assert second.index in alliance.database.standing.dependants_of(first.index)
