"""What an erasure covers: what is named, what corrects it, before it; told from the register alone."""

from typing import Any

import amended
import given
import histories
import pytest
from given import ASSESSMENT, DRUP, PROTARGET, Alliance, case, patient

from ledger.cohort.database import Database, Registered, Taken
from ledger.cohort.erasing import Coverage, covered, erased_entries, named, told
from ledger.errors import TamperedError


@pytest.fixture
def alliance() -> Alliance:
    """Two nodes have a case of the same handle."""
    alliance = given.treated()
    alliance.runs_trial(PROTARGET)
    alliance.says(PROTARGET, "case.submitted", {"case": case(1), "on": "2021-11-20"})
    return alliance


def of_case(database: Database, node: str, handle: str) -> set[int]:
    return {event.index for event in database.events if (event.node, event.case) == (node, handle)}


def erases(alliance: Alliance, **what: Any) -> frozenset[int]:
    taken = alliance.says(DRUP, "disclosures.erased", {**what, "basis": "consent"})
    row = alliance.database.row("erasures", (DRUP, taken.event.event_id))
    assert row is not None
    return covered(alliance.database, row)


def assesses(alliance: Alliance) -> Taken:
    return alliance.says(DRUP, "response.assessed", {**patient(case(1)), **ASSESSMENT})


def corrects(alliance: Alliance, taken: Taken) -> Registered:
    return amended.corrects(alliance, taken, **patient(case(1)), **ASSESSMENT).event


def test_an_erasure_of_a_case_covers_its_nodes_events_of_it_and_nobody_elses(alliance: Alliance) -> None:
    before = of_case(alliance.database, DRUP, case(1))

    assert erases(alliance, case=case(1)) == before


def test_what_is_said_of_the_case_later_is_not_covered_until_it_is_erased_too(alliance: Alliance) -> None:
    first = erases(alliance, case=case(1))
    later = alliance.finds(DRUP, case(1)).event.index

    assert later not in erased_entries(alliance.database)
    assert first <= erased_entries(alliance.database)

    erases(alliance, case=case(1))

    assert later in erased_entries(alliance.database)


def test_an_erasure_of_events_covers_these(alliance: Alliance) -> None:
    last = alliance.database.events[max(of_case(alliance.database, DRUP, case(1)))]

    assert erases(alliance, events=[last.event_id]) == {last.index}


@pytest.mark.parametrize("by_id", [True, False])
def test_an_erasure_covers_the_corrections_of_what_it_names_that_came_before_it(
    alliance: Alliance, *, by_id: bool
) -> None:
    # given: two corrections of one event, one before and one after the erasure; and one of something else
    target, another = assesses(alliance), alliance.says(DRUP, "case.submitted", {"case": case(7), "on": "2021-11"})
    before = corrects(alliance, target)
    other = amended.corrects(alliance, another, case=case(7), on="2021-10").event

    found = erases(alliance, **({"events": [target.event.event_id]} if by_id else {"case": case(1)}))
    corrects(alliance, target)

    assert before.index in found
    assert other.index not in found
    assert erased_entries(alliance.database) == found


@pytest.mark.parametrize("by_id", [True, False])
def test_an_erasure_covers_the_retraction_of_what_it_names(alliance: Alliance, *, by_id: bool) -> None:
    target = assesses(alliance)
    retraction = amended.retracts(alliance, target).event

    found = erases(alliance, **({"events": [target.event.event_id]} if by_id else {"case": case(1)}))

    assert {target.event.index, retraction.index} <= found


def test_a_correction_that_is_named_takes_what_it_corrects_not_with_it(alliance: Alliance) -> None:
    correction = corrects(alliance, assesses(alliance))

    assert erases(alliance, events=[correction.event_id]) == {correction.index}


def test_what_is_covered_is_found_without_a_pass_over_the_register() -> None:
    for seed in range(3):
        database = histories.history(seed, 500).database
        for record in database.rows("erasures"):
            node, event_id = record.key
            index = database.index_of(event_id)
            assert index is not None
            erasure = named(index, node, case=record.value("case"), events=record.value("events"))

            coverage = Coverage([erasure])
            in_a_pass = {each.index for each in database.events if coverage.covers(told(each, database.events))}

            assert covered(database, record) == in_a_pass


def test_all_erasures_together_cover_what_each_does_in_any_history() -> None:
    for seed in range(3):
        database = histories.history(seed, 500).database

        each = [covered(database, record) for record in database.rows("erasures")]

        assert len(each) > 1
        assert erased_entries(database) == frozenset().union(*each)


def test_where_nothing_was_erased_nothing_is_covered() -> None:
    assert erased_entries(given.treated().database) == frozenset()
    assert not any(Coverage([]).covers(told(event, [])) for event in given.treated().database.events)


def test_an_erasure_that_could_not_have_been_admitted_is_an_alarm() -> None:
    for case_, events in ((None, None), ("x", ["y"]), (None, [1]), (1, None)):
        with pytest.raises(TamperedError, match="entry 7"):
            named(7, DRUP, case=case_, events=events)
