"""`disclosures.erased`: whose, of what, and that nothing in the database changes but its own row."""

from typing import Any

import given
import pytest
from given import DRUP, PROTARGET, Alliance, case, set_by

from ledger.errors import RuleError
from ledger.events.erasures import EVENTS_MAX


@pytest.fixture
def alliance() -> Alliance:
    alliance = given.treated()
    alliance.runs_trial(PROTARGET)
    alliance.says(PROTARGET, "case.submitted", {"case": case(2), "on": "2021-11-20"})
    return alliance


def ids_of(alliance: Alliance, node: str) -> list[str]:
    return [event.event_id for event in alliance.database.events if event.node == node]


def test_an_erasure_of_a_case_sets_its_own_row_and_no_other_cell(alliance: Alliance) -> None:
    taken = alliance.says(DRUP, "disclosures.erased", {"case": case(1), "basis": "consent"})

    row = {"case": case(1), "events": None, "basis": "consent"}
    assert set_by(taken) == {("erasures", (DRUP, taken.event.event_id)): row}


def test_an_erasure_of_events_names_them(alliance: Alliance) -> None:
    named: list[Any] = ids_of(alliance, DRUP)[-2:]

    taken = alliance.says(DRUP, "disclosures.erased", {"events": named, "basis": "mistake"})

    assert alliance.row("erasures", DRUP, taken.event.event_id) == {"case": None, "events": named, "basis": "mistake"}


def test_the_same_can_be_erased_again_for_what_was_said_since(alliance: Alliance) -> None:
    for _ in range(2):
        alliance.says(DRUP, "disclosures.erased", {"case": case(1), "basis": "consent"})

    assert len(list(alliance.database.rows("erasures"))) == 2


def test_a_node_erases_nothing_of_another_nodes_case(alliance: Alliance) -> None:
    erasure = {"case": case(1), "basis": "consent"}

    alliance.refuses(PROTARGET, "disclosures.erased", erasure, because="has said nothing of case")


def test_a_node_erases_no_case_that_it_never_told_of(alliance: Alliance) -> None:
    alliance.refuses(DRUP, "disclosures.erased", {"case": case(9), "basis": "consent"}, because="has said nothing of")


def test_a_node_erases_no_event_of_another_node_nor_one_that_is_not_there(alliance: Alliance) -> None:
    own, other = ids_of(alliance, PROTARGET)[-1], ids_of(alliance, DRUP)[-1]
    nobodys = "01234567-89ab-7000-8000-000000000000"

    for named in ([own, other], [nobodys]):
        events: dict[str, Any] = {"events": named, "basis": "mistake"}
        alliance.refuses(PROTARGET, "disclosures.erased", events, because=f"{named[-1]} is no event of protarget-dk")


@pytest.mark.parametrize(
    ("data", "because"),
    [
        ({"basis": "consent"}, "a case or events, one of them"),
        ({"case": case(1), "events": ["01234567-89ab-7000-8000-000000000000"], "basis": "consent"}, "one of them"),
        ({"events": [], "basis": "consent"}, "events"),
        ({"events": ["01234567-89ab-7000-8000-000000000000"] * 2, "basis": "consent"}, "each event is named once"),
        (
            {"events": [f"01234567-89ab-7000-8000-{n:012d}" for n in range(EVENTS_MAX + 1)], "basis": "consent"},
            "events",
        ),
        ({"events": ["7"], "basis": "consent"}, "events.0"),
        ({"case": "7", "basis": "consent"}, "case"),
        ({"case": case(1), "basis": "because"}, "basis"),
        ({"case": case(1)}, "basis"),
    ],
)
def test_an_erasure_names_one_thing_and_why(alliance: Alliance, data: dict[str, Any], because: str) -> None:
    alliance.refuses(DRUP, "disclosures.erased", data, because=because, error=RuleError)


def test_as_many_events_as_one_erasure_may_name_fit_into_an_envelope(alliance: Alliance) -> None:
    while len(ids_of(alliance, DRUP)) < EVENTS_MAX:
        number = alliance.database.size
        alliance.says(DRUP, "case.submitted", {"case": case(number), "on": "2021-11-20"})
    named: list[Any] = ids_of(alliance, DRUP)[:EVENTS_MAX]

    taken = alliance.says(DRUP, "disclosures.erased", {"events": named, "basis": "other"})

    assert len(alliance.heard[taken.event.index].envelope.jws.text) < 60_000 - 5_000  # an ML-DSA signature fits too
