"""What became of everybody treated: of these cases, in this order, and nothing of what is shut."""

from datetime import date

import given
import pytest
from amended import corrects
from given import COHORT, DRUP, PROTARGET, Alliance, case, patient

from ledger.cohort.reveal import Revealed
from ledger.cohort.snapshot import current, of_versions
from ledger.reports.outcomes import Outcome, outcomes
from ledger.signing.canonical import Json

OTHER = "braf-v600-second"
ASSESSED: dict[str, Json] = {"criteria": "recist-1.1", "evaluator": "investigator"}


@pytest.fixture
def alliance() -> Alliance:
    alliance = given.opened(DRUP, PROTARGET, design={**given.SMALL, "n1": 3})
    alliance.treats(PROTARGET, case(2))
    alliance.treats(DRUP, case(1))
    return alliance


def assessed(alliance: Alliance, node: str, handle: str, day: int | None, response: str) -> None:
    alliance.says(node, "response.assessed", {**patient(handle), **ASSESSED, "day": day, "response": response})


def revealed(alliance: Alliance, *, shut: frozenset[str] = frozenset()) -> Revealed:
    """shut: event types whose sealed values were never given."""
    database = alliance.database
    seen = of_versions(current(database), database.events, size=database.size)
    told = zip(alliance.heard, database.events, strict=True)
    opened = (each for heard, event in told if event.type not in shut for each in heard.envelope.disclosures)
    return Revealed(seen, {each.digest: each.value for each in opened})


def of_case(found: Revealed, handle: str) -> Outcome:
    return next(each for each in outcomes(found, COHORT) if each.case == handle)


def test_cases_stand_in_the_order_in_which_their_treatments_were_told_to_have_started(alliance: Alliance) -> None:
    assert [(each.node, each.case) for each in outcomes(revealed(alliance))] == [(PROTARGET, case(2)), (DRUP, case(1))]


def test_a_corrected_start_keeps_its_place_in_that_order(alliance: Alliance) -> None:
    start = next(each for each in alliance.database.events if each.type == "treatment.started")
    doses: dict[str, Json] = {"doses": None}
    replacement: dict[str, Json] = {**patient(case(2)), "on": "2021-12-05", "stage": 1, **doses}

    alliance.says(
        PROTARGET,
        "event.corrected",
        {"event": start.event_id, "reason_code": "typing-error", "reason": "misread", "replacement": replacement},
    )

    first = outcomes(revealed(alliance))[0]
    assert (first.case, first.started_on, first.started) == (case(2), "2021-12-05", start.index)


def test_who_did_not_start_treatment_has_no_outcome(alliance: Alliance) -> None:
    alliance.enrols(DRUP, case(3))

    assert case(3) not in {each.case for each in outcomes(revealed(alliance))}


def test_what_the_node_claims_stands_beside_the_course_that_its_assessments_give(alliance: Alliance) -> None:
    assessed(alliance, DRUP, case(1), 57, "PR")
    assessed(alliance, DRUP, case(1), None, "SD")
    alliance.says(DRUP, "outcome.determined", {**patient(case(1)), **given.CLAIM})

    found = of_case(revealed(alliance), case(1))

    assert found.claimed == "yes"
    assert found.course is not None
    assert [(each.day, each.response) for each in found.course.assessments] == [(57, "PR"), (None, "SD")]
    assert found.computed is not None
    assert found.is_open


@pytest.mark.parametrize("shut", ["response.assessed", "outcome.determined"])
def test_nothing_is_said_of_what_is_shut(alliance: Alliance, shut: str) -> None:
    assessed(alliance, DRUP, case(1), 57, "PR")
    alliance.says(DRUP, "outcome.determined", {**patient(case(1)), **given.CLAIM})

    found = of_case(revealed(alliance, shut=frozenset({shut})), case(1))

    assert not found.is_open
    assert (found.claimed is None) == (shut == "outcome.determined")
    assert (found.computed is None) == (found.course is None) == (shut == "response.assessed")


@pytest.mark.parametrize(("on", "day"), [("2022-01-01", 30), ("2022-01", None)])
def test_another_treatment_ends_a_course_on_its_day_and_on_none_that_nobody_stated(
    alliance: Alliance, on: str, day: int | None
) -> None:
    alliance.says(DRUP, "cohort.defined", {**given.DEFINITION, "cohort": OTHER})
    alliance.opens(DRUP, cohort=OTHER)
    alliance.enrols(DRUP, case(1), cohort=OTHER)

    alliance.says(DRUP, "treatment.started", {**patient(case(1), OTHER), "on": on, "stage": 1, "doses": None})

    course = of_case(revealed(alliance), case(1)).course
    assert course is not None
    assert course.new_treatment_day == day


def test_a_view_on_a_day_keeps_the_order_of_a_start_that_was_corrected_from_a_later_one() -> None:
    alliance = given.opened(DRUP)
    for number in (1, 2):
        alliance.enrols(DRUP, case(number))
    start = given.patient(case(1)) | {"on": "2021-12-10", "stage": 1} | given.DOSES
    first = alliance.says(DRUP, "treatment.started", start)
    alliance.starts(DRUP, case(2))
    corrects(alliance, first, **(start | {"on": "2021-12-03"}))
    told = revealed(alliance)

    found = outcomes(Revealed(told.snapshot.on(date(2021, 12, 5)), told.values))

    assert [each.case for each in found] == [each.case for each in outcomes(told)] == [case(1), case(2)]
    assert [each.started for each in found] == [each.started for each in outcomes(told)]


def test_what_begins_on_the_day_of_the_treatment_itself_is_part_of_it_and_ends_nothing() -> None:
    alliance = given.opened(DRUP)
    alliance.says(DRUP, "cohort.defined", {**given.DEFINITION, "cohort": OTHER})
    alliance.opens(DRUP, cohort=OTHER)
    for cohort in (COHORT, OTHER):
        alliance.treats(DRUP, case(1), cohort=cohort)

    found = of_case(revealed(alliance), case(1))

    assert found.course is not None
    assert found.course.new_treatment_day is None
