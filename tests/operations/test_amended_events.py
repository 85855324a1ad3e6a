"""What a hub keeps and tells of corrections: the original beside what it is now, who, when, and why."""

from pathlib import Path

import given
import hubs
import pytest
from amended import assessed, corrects, last_of, retracts
from fastapi.testclient import TestClient

from api.app import create_app
from ledger.errors import GateError, RuleError
from ledger.operations.hub import Hub
from ledger.operations.reading import Moment, snapshot_at
from ledger.reports.amendments import SEALED, Change, Told, amendments
from ledger.reports.contributions import contributions
from ledger.signing.canonical import Json
from ledger.signing.entry import format_time
from ledger.signing.envelope import sign

CASE: given.Data = given.patient(given.case(1))
ANEW: dict[str, Json] = {**CASE, **given.ASSESSMENT, "response": "SD"}


def posted(folder: Path, alliance: given.Alliance) -> tuple[Hub, TestClient]:
    hub = hubs.founded_hub(folder, alliance)
    hubs.post(hub, alliance)
    return hub, TestClient(create_app(hub, dev=True), base_url="http://localhost")


def told(alliance: given.Alliance, index: int) -> Told:
    heard = alliance.heard[index]
    return Told(index, format_time(heard.received), heard.envelope)


def test_what_it_was_and_what_it_is_are_told_field_by_field_where_they_may_be_opened() -> None:
    alliance, wrong = assessed()
    right = corrects(alliance, wrong, **ANEW)
    gone = retracts(alliance, wrong)
    original, *later = [told(alliance, each.event.index) for each in (wrong, right, gone)]

    corrected, retracted = amendments(original, later)

    assert corrected.changes == (Change("response", sealed=True, old="PR", new="SD"),)
    assert (corrected.kind, corrected.reason_code, corrected.reason) == (
        "corrected", "typing-error", "read from the wrong line"
    )  # fmt: skip
    assert (corrected.user, corrected.role, corrected.node) == ("u1", "data-manager", given.DRUP)
    assert (retracted.kind, retracted.index, retracted.changes) == ("retracted", gone.event.index, ())


def test_of_two_corrections_each_is_held_against_the_one_before() -> None:
    alliance = given.treated()
    found = alliance.finds(given.DRUP, given.case(1))
    first = corrects(alliance, found, **CASE, evaluable=False, rule="one-cycle-and-a-scan")
    second = corrects(alliance, found, **CASE, evaluable=False, rule="no-scan")

    one, two = amendments(
        told(alliance, found.event.index), [told(alliance, each.event.index) for each in (first, second)]
    )

    assert one.changes == (Change("evaluable", sealed=False, old=True, new=False),)
    assert two.changes == (Change("rule", sealed=False, old="one-cycle-and-a-scan", new="no-scan"),)


def test_over_http_an_event_says_what_was_done_to_it_and_opens_nothing(tmp_path: Path) -> None:
    alliance, wrong = assessed()
    right = corrects(alliance, wrong, **ANEW)
    _, client = posted(tmp_path, alliance)

    original = client.get(f"/events/{wrong.event.event_id}").json()
    correction = client.get(f"/events/{right.event.event_id}").json()

    [done] = original["amendments"]
    assert (done["kind"], done["event"], done["reason"]) == ("corrected", right.event.event_id, SEALED)
    assert {(each["old"], each["new"]) for each in done["changes"]} == {(SEALED, SEALED)}
    assert (original["amends"], correction["amends"]) == (None, wrong.event.index)
    assert correction["amendments"] == [done]
    assert correction["data"]["replacement"] == CASE
    assert "SD" not in str([each["cells"] for each in (original, correction)] + done["changes"])


def test_a_cell_says_who_took_its_value_away_and_why(tmp_path: Path) -> None:
    alliance = given.treated()
    found = alliance.finds(given.DRUP, given.case(1))
    right = corrects(alliance, found, **CASE, evaluable=False, rule="no-scan")
    gone = retracts(alliance, found)
    _, client = posted(tmp_path, alliance)
    [(_, key)] = given.set_by(found)

    cell = client.get(f"/cells/episodes/{'/'.join(key)}").json()["fields"]["evaluable"]
    then = client.get(f"/cells/episodes/{'/'.join(key)}?at={right.event.index}").json()["fields"]["evaluable"]

    assert (cell["value"], cell["set_by"]) == (None, None)
    assert [(each["value"], each["until"]) for each in cell["before"]] == [
        (True, right.event.index), (False, gone.event.index)
    ]  # fmt: skip
    by, why = cell["before"][1]["ended_by"], then["set_by"]
    assert (by["type"], by["corrects"], by["reason_code"]) == (
        "event.retracted", found.event.event_id, "typing-error"
    )  # fmt: skip
    assert (then["value"], why["type"], why["corrects"]) == (False, "event.corrected", found.event.event_id)
    assert why["actor"]["user"] == "u1"


def test_what_was_retracted_is_counted_nowhere_but_in_the_log(tmp_path: Path) -> None:
    alliance = given.opened(given.DRUP)
    alliance.enrols(given.DRUP, given.case(1))
    enrolled = last_of(alliance, "patient.enrolled")
    before = alliance.database.size - 1
    corrects(alliance, enrolled, **CASE, **{**given.ENROLMENT, "ecog": 0}, on="2021-12-02")
    retracts(alliance, enrolled)
    hub, _ = posted(tmp_path, alliance)

    then, now = (
        next(each for each in contributions(snapshot_at(hub.engine, Moment(at))) if each.node == given.DRUP)
        for at in (before, None)
    )

    assert (then.enrolments, then.corrections, then.retractions) == (1, 0, 0)
    assert (now.enrolments, now.corrections, now.retractions, now.events) == (0, 1, 1, then.events + 2)


def test_a_correction_in_the_same_post_as_its_target_passes_the_gate_too(tmp_path: Path) -> None:
    alliance, wrong = assessed()
    hub = hubs.founded_hub(tmp_path, alliance)
    about: given.Data = {"event": wrong.event.event_id, "reason_code": "typing-error", "reason": "x"}
    replaced, more = alliance._sealed({**ANEW, "response": "GREAT"}, frozenset(given.ASSESSMENT))
    data, disclosures = alliance._sealed({**about, "replacement": replaced}, {"reason"})
    claims = alliance.claims(given.DRUP, "event.corrected", data)
    bad = sign(claims, (*disclosures, *more), given.signing_key(given.DRUP))

    with pytest.raises(GateError, match=r"response\.assessed: "):
        hub.post([*(heard.envelope.text for heard in alliance.heard), bad.text])

    assert hub.appender.size() == 0


def test_a_refused_retraction_leaves_nothing_behind_and_is_signed(tmp_path: Path) -> None:
    alliance, _ = assessed()
    hub, _ = posted(tmp_path, alliance)
    started = last_of(alliance, "treatment.started")
    data, disclosures = alliance._sealed(
        {"event": started.event.event_id, "reason_code": "x", "reason": "y"}, {"reason"}
    )
    claims = alliance.claims(given.DRUP, "event.retracted", data)
    envelope = sign(claims, disclosures, given.signing_key(given.DRUP))
    size, digest = hub.appender.size(), hub.appender.digest()

    with pytest.raises(RuleError, match=r"is needed by response\.assessed") as refused:
        hub.post([envelope.text])

    assert "refusal" in refused.value.facts
    assert (hub.appender.size(), hub.appender.digest()) == (size, digest)
