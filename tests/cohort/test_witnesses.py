"""Who watches the log: only what is in force, by name, whoever reads it; and what they cosigned, each line checked."""

from typing import NamedTuple

import given
import pytest
from given import DRUP, Alliance, signing_key

from ledger.cohort.witnesses import (
    cosignatures_on,
    majority,
    names_of,
    of_one_day,
    with_cosignatures,
    witnesses_named,
    witnesses_of,
)
from ledger.errors import MalformedError, SignatureError
from ledger.signing.checkpoint import Checkpoint, sign_checkpoint
from ledger.signing.cosigned import cosignature_message
from ledger.signing.note import Note, NoteSignature, NoteSigner

LOG = NoteSigner(given.ORIGIN, signing_key("log"))
A, B = "a.example", "b.example"
DAY_S = 86_400


class Told(NamedTuple):
    alliance: Alliance
    note: Note


@pytest.fixture
def told() -> Told:
    """Two witnesses are in force, a third is proposed, and a checkpoint has no cosignature yet."""
    alliance = given.founded()
    alliance.adopts("b", "witness", given.witness(B))
    alliance.adopts("a", "witness", given.witness(A))
    alliance.says(DRUP, "resolution.proposed", given.resolution("c", "witness", given.witness("c.example")))
    alliance.adopts("small", "design", given.SMALL)
    return Told(alliance, sign_checkpoint(Checkpoint(given.ORIGIN, 7, bytes(32)), LOG))


def line_of(note: Note, name: str, time_s: int, *, key: str | None = None) -> NoteSignature:
    return given.cosigner(name, key).cosign(note.text, time_s=time_s)


def test_witnesses_are_those_in_force_by_name(told: Told) -> None:
    database = told.alliance.database

    assert [each.name for each in witnesses_of(database)] == [A, B]


def test_keys_of_one_name_are_one_witness(told: Told) -> None:
    second = given.cosigner(A, "second")
    told.alliance.adopts("a2", "witness", {"name": A, "verifier": second.verifier.text})

    first, _ = witnesses = witnesses_of(told.alliance.database)
    lines = [line_of(told.note, A, 5), line_of(told.note, A, 6, key="second")]

    found = cosignatures_on(with_cosignatures(told.note, lines), witnesses)
    assert len(first.verifiers) == len(found) == 2
    assert names_of(found) == {A}


def test_cosignatures_are_checked_and_say_when(told: Told) -> None:
    lines = [line_of(told.note, B, 3 * DAY_S - 1), line_of(told.note, A, 3 * DAY_S), line_of(told.note, "x.example", 9)]

    found = cosignatures_on(with_cosignatures(told.note, lines), witnesses_of(told.alliance.database))

    assert [(each.witness, each.time_s, each.day) for each in found] == [(A, 3 * DAY_S, 3), (B, 3 * DAY_S - 1, 2)]


@pytest.mark.parametrize("fault", ["another text", "no time", "cut off"])
def test_a_line_that_does_not_hold_spoils_the_note(told: Told, fault: str) -> None:
    line = line_of(told.note, A, 5)
    match fault:
        case "another text":
            other = sign_checkpoint(Checkpoint(given.ORIGIN, 8, bytes(32)), LOG)
            line = line_of(other, A, 5)
        case "no time":
            signature = bytes(8) + signing_key(A).sign(cosignature_message(told.note.text, time_s=0))
            line = NoteSignature(line.name, line.key_id, signature)
        case "cut off":
            line = NoteSignature(line.name, line.key_id, line.signature[:5])

    with pytest.raises(SignatureError):
        cosignatures_on(with_cosignatures(told.note, [line]), witnesses_of(told.alliance.database))


def test_a_line_by_the_same_key_takes_the_place_of_the_one_before_and_the_logs_stays_first(told: Told) -> None:
    first = with_cosignatures(told.note, [line_of(told.note, B, 5), line_of(told.note, A, 5)])

    second = with_cosignatures(first, [line_of(told.note, B, 6)])

    assert [each.name for each in second.signatures] == [given.ORIGIN, A, B]
    assert [each.time_s for each in cosignatures_on(second, witnesses_of(told.alliance.database))] == [5, 6]
    assert Note.parse(second.encode()) == second


def test_of_one_day_leaves_the_cosignatures_of_other_days_out(told: Told) -> None:
    note = with_cosignatures(told.note, [line_of(told.note, A, DAY_S - 1), line_of(told.note, B, DAY_S)])
    found = cosignatures_on(note, witnesses_of(told.alliance.database))

    assert [each.name for each in of_one_day(note, found, 0).signatures] == [given.ORIGIN, A]
    assert [each.name for each in of_one_day(note, found, 1).signatures] == [given.ORIGIN, B]


@pytest.mark.parametrize(("count", "needed"), [(0, 0), (1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
def test_a_majority_is_more_than_half(count: int, needed: int) -> None:
    assert majority(count) == needed


def test_what_is_no_witness_is_not_taken_and_a_key_that_is_none_is_refused() -> None:
    assert witnesses_named([None, [], {"name": A}, {"name": 1, "verifier": "x"}]) == ()
    with pytest.raises(MalformedError):
        witnesses_named([{"name": A, "verifier": "x"}])
