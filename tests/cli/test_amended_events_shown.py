"""What became of an event, at a terminal: beside the event, and in the trail of its case."""

import json
from pathlib import Path
from typing import Any

import given
import hubs
import pytest
from amended import assessed, corrects, retracts
from click.testing import CliRunner

from ledger.cli.main import program

CASE: given.Data = given.patient(given.case(1))


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whether a patient is evaluable was corrected, and an assessment retracted."""
    folder = tmp_path_factory.mktemp("hub")
    alliance, wrong = assessed()
    found = alliance.finds(given.DRUP, given.case(1))
    corrects(alliance, found, **CASE, evaluable=False, rule="one-cycle-and-a-scan")
    retracts(alliance, wrong)
    opened = hubs.founded_hub(folder, alliance)
    hubs.post(opened, alliance)
    opened.engine.dispose()
    return folder / "hub"


def ask(hub: Path, *arguments: str) -> str:
    ran = CliRunner(env={"COLUMNS": "300"}).invoke(program, [*arguments, "--data-dir", str(hub)])
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def trail(hub: Path, *arguments: str) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(ask(hub, "trail", given.case(1), *arguments, "--json"))
    return told


def test_an_event_that_was_corrected_says_so_with_who_when_and_why_field_by_field(hub: Path) -> None:
    found = trail(hub)[-1]

    told = json.loads(ask(hub, "event", found["event"], "--json"))
    text = ask(hub, "event", found["event"])

    [done] = told["amendments"]
    assert (done["kind"], done["user"], done["role"], done["node"]) == ("corrected", "u1", "data-manager", given.DRUP)
    assert done["changes"] == [{"field": "evaluable", "sealed": False, "old": True, "new": False}]
    assert f"entry {done['index']} {done['event']}, {done['received']}, u1, data-manager (authored)" in text
    assert "typing-error: (sealed)" in text
    assert "from the wrong line" not in text


def test_a_correction_says_what_it_is_of_and_what_it_changed(hub: Path) -> None:
    found = trail(hub)[-1]

    [correction] = [json.loads(ask(hub, "event", each["event"], "--json")) for each in found["amendments"]]
    text = ask(hub, "event", correction["event"])

    assert correction["amends"] == {"index": found["index"], "event": found["event"], "type": found["type"]}
    assert correction["amendments"] == found["amendments"]
    assert f"entry {found['index']}, evaluability.determined {found['event']}" in text


def test_a_trail_names_what_was_corrected_and_retracted_and_by_which_entry(hub: Path) -> None:
    text = ask(hub, "trail", given.case(1))

    *_, retracted, found = trail(hub)
    assert f"(corrected by entry {found['index'] + 1})" in text
    assert f"(retracted by entry {found['index'] + 2})" in text
    assert "evaluable true → false" in text
    assert [each["kind"] for each in retracted["amendments"]] == ["retracted"]


def test_before_it_was_corrected_nothing_says_that_it_would_be(hub: Path) -> None:
    found = trail(hub)[-1]

    then = trail(hub, "--at", str(found["index"]))[-1]

    assert (then["event"], then["amendments"]) == (found["event"], [])


def test_what_is_erased_is_not_called_sealed(tmp_path: Path) -> None:
    alliance = given.treated()
    alliance.says(given.DRUP, "disclosures.erased", {"case": given.case(1), "basis": "consent"})
    opened = hubs.founded_hub(tmp_path, alliance)
    hubs.post(opened, alliance)
    opened.engine.dispose()

    told = trail(tmp_path / "hub")
    started = next(each for each in told if each["type"] == "treatment.started")

    assert [each["erased"] for each in told] == [bool(each["sealed"]) for each in told]
    assert "(erased)" in ask(tmp_path / "hub", "event", started["event"])
    assert "erased: doses" in ask(tmp_path / "hub", "trail", given.case(1))
