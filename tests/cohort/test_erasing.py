"""What an erasure covers: what is named, what corrects it, before it; told from the register alone."""

from dataclasses import replace
from typing import Any

import given
import histories
import pytest
from given import DRUP, PROTARGET, Alliance, case

from ledger.cohort.database import Database
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


def corrected(database: Database, index: int, target: int) -> None:
    """Make an event in the register the correction of another."""
    database.events[index] = replace(database.events[index], corrects=target, case=None)


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
    target = max(of_case(alliance.database, DRUP, case(1)))
    before, other = (alliance.says(DRUP, "case.submitted", {"case": case(n), "on": "2021-11"}) for n in (7, 8))
    corrected(alliance.database, before.event.index, target)
    corrected(alliance.database, other.event.index, 0)

    named_so = {"events": [alliance.database.events[target].event_id]} if by_id else {"case": case(1)}
    found = erases(alliance, **named_so)
    after = alliance.says(DRUP, "case.submitted", {"case": case(9), "on": "2021-11"})
    corrected(alliance.database, after.event.index, target)

    assert before.event.index in found
    assert other.event.index not in found
    assert erased_entries(alliance.database) == found


def test_a_correction_that_is_named_takes_what_it_corrects_not_with_it(alliance: Alliance) -> None:
    target = max(of_case(alliance.database, DRUP, case(1)))
    correction = alliance.says(DRUP, "case.submitted", {"case": case(7), "on": "2021-11"}).event
    corrected(alliance.database, correction.index, target)

    assert erases(alliance, events=[correction.event_id]) == {correction.index}


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
