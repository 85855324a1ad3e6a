"""Whoever passes disclosures on finds in the entries alone what a fold of the log would find."""

import erased
import given
import histories
import pytest
from given import DRUP, case

from ledger.cohort.erasing import erased_entries
from ledger.operations.erased_lines import ErasedLines, without
from ledger.signing.entry import Entry
from ledger.signing.envelope import sign

WIDTH = 100


def leaves_of(alliance: given.Alliance) -> list[bytes]:
    return [Entry(heard.received, heard.envelope.jws.text).leaf for heard in alliance.heard]


def found_in(leaves: list[bytes]) -> set[int]:
    """As of a log whose files have so many entries each."""
    lines = ErasedLines()
    parts = [(first, leaves[first : first + WIDTH]) for first in range(0, len(leaves), WIDTH)]
    for first, part in parts:
        lines.note(first, part)
    return {first + place for first, part in parts for place in lines.covered(first, part)} if lines.any else set()


@pytest.mark.parametrize("seed", [1, 2])
def test_the_entries_alone_say_what_a_replay_says(seed: int) -> None:
    alliance = histories.history(seed, 350)

    assert found_in(leaves_of(alliance)) == erased_entries(alliance.database) != frozenset()


def test_corrections_of_what_is_erased_are_found_by_the_event_that_they_name() -> None:
    """Spelt as the catalogue says; no rule is asked here."""
    alliance = erased.told()
    target = next(event for event in alliance.database.events if event.case == case(1))
    claims = alliance.claims(DRUP, "event.corrected", {"event": target.event_id})
    other = alliance.claims(DRUP, "event.retracted", {"event": alliance.database.events[0].event_id})
    before, index = leaves_of(alliance), alliance.database.size
    erasure = alliance.claims(DRUP, "disclosures.erased", {"case": case(1), "basis": "consent"})
    more = [sign(each, [], given.signing_key(DRUP)).jws.text for each in (claims, other, erasure, claims)]

    found = found_in([*before, *(Entry(alliance.now, text).leaf for text in more)])

    assert index in found
    assert found.isdisjoint({index + 1, index + 2, index + 3})


def test_what_is_no_entry_erases_nothing_and_stops_nobody() -> None:
    alliance = erased.told()
    erased.erases(alliance)
    expected = found_in(leaves_of(alliance))
    junk = [b"", b"x", b"2021-11-16T09:30:00.123Z\n", b"2021-11-16T09:30:00.123Z\na.b.c", b"\xff" * 40]

    assert found_in([*leaves_of(alliance), *junk]) == expected != set()


def test_lines_are_emptied_at_their_places_and_all_else_stays() -> None:
    assert without(b"a~b\n\nc\n", frozenset({0})) == b"\n\nc\n"
    assert without(b"a~b\n\nc\n", frozenset({1, 2})) == b"a~b\n\n\n"
    assert without(b"a~b\n\nc\n", frozenset()) == b"a~b\n\nc\n"
