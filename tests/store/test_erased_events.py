"""What the store looks up as erased is what the database in memory says is, in any history."""

from pathlib import Path

import erased
import histories
import pytest
from given import DRUP, case
from kept import Kept, keep, new_engine

from ledger.cohort.cells import Version
from ledger.cohort.erasing import erased_entries
from ledger.signing.canonical import Json
from ledger.store.cells import write_versions
from ledger.store.engine import reading, writing
from ledger.store.erased import case_events, corrections_of, erased_events, has_erasure_from


@pytest.fixture(scope="module")
def random(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return keep(histories.history(3, 500), tmp_path_factory.mktemp("random"), batch=100)


def test_the_store_finds_what_a_replay_says_is_erased(random: Kept) -> None:
    database = random.alliance.database

    with reading(random.engine) as conn:
        found = erased_events(conn)

    assert len(found) > 10
    assert [*found.items()] == [(index, database.events[index].event_id) for index in sorted(erased_entries(database))]


def test_the_store_knows_from_where_on_nothing_was_erased(random: Kept) -> None:
    last = max(event.index for event in random.alliance.database.events if event.type == "disclosures.erased")

    with reading(random.engine) as conn:
        assert [has_erasure_from(conn, at) for at in (0, last, last + 1)] == [True, True, False]


def test_corrections_are_found_by_what_they_correct(tmp_path: Path) -> None:
    """As they will be stored; which event brings the row does not matter to who looks it up."""
    alliance = erased.told()
    target = alliance.database.events[-1]
    taken = alliance.says(DRUP, "case.submitted", {"case": case(7), "on": "2021-11"}).event
    erased.erases(alliance, 2)
    kept = keep(alliance, tmp_path)
    told: dict[str, Json] = {"target": target.event_id, "kind": "corrected", "reason_code": "typing", "reason": None}
    fields = {name: (taken.index, value) for name, value in told.items()}
    with writing(kept.engine) as conn:
        write_versions(conn, [Version("corrections", (DRUP, taken.event_id), taken.index, fields)])

        (found,) = corrections_of(conn, [target.event_id])
        assert (found.index, found.corrects) == (taken.index, target.event_id)
        assert list(corrections_of(conn, [taken.event_id])) == []
        assert taken.index in erased_events(conn)
        assert taken.index not in {each.index for each in case_events(conn, DRUP, case(2))}


def test_where_nothing_was_erased_nothing_is_looked_up(tmp_path: Path) -> None:
    with reading(new_engine(tmp_path)) as conn:
        assert erased_events(conn) == {}
        assert not has_erasure_from(conn, 0)
