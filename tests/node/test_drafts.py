"""Drafts are read strictly: what a node signs is what somebody meant."""

import json

import given
import pytest
from amended import assessed

from ledger.cohort.database import Taken
from ledger.errors import GateError, MalformedError, RuleError
from ledger.node.drafts import Draft, seal_draft
from ledger.signing.canonical import Json
from ledger.signing.envelope import Envelope


@pytest.mark.parametrize(
    "line",
    [
        '{"type": "trial.opened", "data": {"on": "2021-11-16", "on": "2021-11-11"}}',
        '{"type": "trial.opened", "type": "trial.closed", "data": {}}',
    ],
)
def test_a_member_that_stands_twice_is_refused(line: str) -> None:
    with pytest.raises(MalformedError, match="stands twice"):
        Draft.parse(line)


def test_a_draft_is_read_with_what_it_leaves_out() -> None:
    draft = Draft.parse('{"type": "trial.opened", "data": {"on": "2021-11"}}')

    assert (draft.type, draft.version, draft.data, draft.actor) == ("trial.opened", 1, {"on": "2021-11"}, None)


def seal(alliance: given.Alliance, draft: Draft) -> Envelope:
    return seal_draft(
        draft,
        node=given.DRUP,
        head=alliance.database.streams[given.DRUP],
        key=given.signing_key(given.DRUP),
        actor=given.ACTOR,
        event_id=given.NO_EVENT,
        issued_at=alliance.now,
        salts=alliance._salts(),
    )


def correction_of(wrong: Taken, told: given.Data, **members: Json) -> str:
    about = {"event": wrong.event.event_id, "reason_code": "typing-error", "reason": "the scan was read again"}
    return json.dumps({"type": "event.corrected", **members, "data": {**about, "replacement": {**told}}})


def test_a_correction_is_drafted_plain_and_the_right_fields_of_it_are_sealed() -> None:
    alliance, wrong = assessed()
    told: given.Data = {**given.patient(given.case(1)), **given.ASSESSMENT, "response": "SD"}

    envelope = seal(alliance, Draft.parse(correction_of(wrong, told, of="response.assessed")))

    assert set(envelope.commitments) == {"reason", *(f"replacement.{name}" for name in given.ASSESSMENT)}
    assert envelope.opened()["replacement.response"] == "SD"
    assert envelope.claims.data["replacement"].keys() >= {"case", "cohort"}  # type: ignore[union-attr]  # an object
    assert alliance.takes(envelope).event.corrects == wrong.event.index


def test_the_draft_of_a_correction_says_of_what_type_it_is_and_no_other_does() -> None:
    alliance, wrong = assessed()

    for line in (correction_of(wrong, {}), '{"type": "trial.opened", "of": "x.y", "data": {"on": "2021"}}'):
        with pytest.raises(MalformedError, match='with "of"'):
            seal(alliance, Draft.parse(line))


def test_a_replacement_is_held_against_its_type_at_the_desk() -> None:
    alliance, wrong = assessed()
    told: given.Data = {**given.patient(given.case(1)), **given.ASSESSMENT}

    with pytest.raises(GateError, match=r"response\.assessed: day"):
        seal(alliance, Draft.parse(correction_of(wrong, {**told, "day": 0}, of="response.assessed")))
    with pytest.raises(RuleError, match=r"survival\.updated: "):
        seal(alliance, Draft.parse(correction_of(wrong, told, of="survival.updated")))
