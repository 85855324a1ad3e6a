"""What the cohort database says, asked at a terminal: tables for people, JSON for programs, of any moment."""

import json
from pathlib import Path
from typing import Any

import given
import hubs
import pytest
from click.testing import CliRunner, Result

from ledger.cli.main import program


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an alliance with a cohort that has one patient under treatment."""
    folder = tmp_path_factory.mktemp("hub")
    alliance = given.treated()
    opened = hubs.founded_hub(folder, alliance)
    hubs.post(opened, alliance)
    opened.engine.dispose()
    return folder / "hub"


def ask(hub: Path, *arguments: str, columns: int = 80) -> Result:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(program, [*arguments, "--data-dir", str(hub)])


def told(hub: Path, *arguments: str) -> Any:
    ran = ask(hub, *arguments, "--json")
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


REPORTS = [
    ["board"],
    ["cohort", given.COHORT],
    ["design", "small"],
    ["contributions"],
    ["census"],
    ["funnel"],
    ["event", "0"],
    ["trail", given.case(1)],
]


@pytest.mark.parametrize("arguments", REPORTS)
def test_every_report_is_readable_at_80_columns_and_without_colours(hub: Path, arguments: list[str]) -> None:
    ran = ask(hub, *arguments)

    assert ran.exit_code == 0, ran.output
    assert max(map(len, ran.stdout.splitlines())) <= 80
    assert "\x1b" not in ran.stdout
    assert not any(line != line.rstrip() for line in ran.stdout.splitlines())


@pytest.mark.parametrize("arguments", REPORTS)
def test_every_report_is_json_for_programs(hub: Path, arguments: list[str]) -> None:
    assert told(hub, *arguments)


def test_findings_are_readable_at_80_columns_even_where_there_are_none(hub: Path) -> None:
    ran = ask(hub, "findings")

    assert ran.exit_code == 0, ran.output
    assert "nothing to look at was found" in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 80
    assert told(hub, "findings") == []


def test_the_board_has_a_line_a_cohort_and_a_column_a_country(hub: Path) -> None:
    lines = ask(hub, "board").stdout.splitlines()

    assert lines[1].split() == ["cohort", "stage", "left", "NL", "FI", "NO", "SE", "DK"]
    assert lines[3].startswith(f"{given.COHORT} ")
    assert "● 1" in lines[3]


def test_a_cohort_tells_its_definition_its_places_and_its_nodes(hub: Path) -> None:
    text = ask(hub, "cohort", given.COHORT, columns=120).stdout

    assert "dabrafenib + trametinib" in text
    assert "all nodes" in text
    assert given.PROTARGET in text


def test_a_report_at_an_index_or_a_time_is_of_the_database_as_it_was_then(hub: Path) -> None:
    events = {each["node"]: each["events"] for each in told(hub, "contributions", "--at", "4")}

    assert events == dict.fromkeys(given.FOUNDERS, 1)
    assert told(hub, "board", "--at", "4")["cohorts"] == []
    assert told(hub, "board", "--at", "2001-01-01T00:00:00.000Z")["nodes"] == []


def test_a_report_on_a_day_leaves_out_what_had_not_happened(hub: Path) -> None:
    (before,) = told(hub, "board", "--on", "2021-02-28")["cohorts"]
    (after,) = told(hub, "board", "--on", "2022-12-31")["cohorts"]

    assert {at["state"] for at in before["nodes"]} == {"not opened"}
    assert "open" in {at["state"] for at in after["nodes"]}


def test_an_event_is_found_by_index_and_by_id_and_shows_no_sealed_value(hub: Path) -> None:
    trail = told(hub, "trail", given.case(1))
    enrolled = next(each for each in trail if each["type"] == "patient.enrolled")

    by_index, by_id = (told(hub, "event", str(enrolled[name])) for name in ("index", "event"))
    text = ask(hub, "event", str(enrolled["index"])).stdout

    assert by_index == by_id
    assert "ecog" in by_index["sealed"]
    assert "(sealed)" in text
    assert "p.Val600Glu" not in text


def test_a_trail_is_of_one_case_in_the_order_of_the_log(hub: Path) -> None:
    trail = told(hub, "trail", given.case(1))
    earlier = told(hub, "trail", given.case(1), "--at", str(trail[1]["index"]))

    assert [each["index"] for each in trail] == sorted(each["index"] for each in trail)
    assert all(each["data"]["case"] == given.case(1) for each in trail)
    assert earlier == trail[:2]


def test_a_trail_of_a_made_up_case_says_so(tmp_path: Path) -> None:
    alliance = given.opened(given.DRUP)
    alliance.says(given.DRUP, "case.submitted", {"case": given.case(1), "on": "2021-12-01", "synthetic": True})
    opened = hubs.founded_hub(tmp_path, alliance)
    hubs.post(opened, alliance)
    opened.engine.dispose()

    assert "SYNTHETIC: this case is made up" in ask(tmp_path / "hub", "trail", given.case(1)).output


def test_a_withdrawn_consent_is_a_finding_at_a_terminal_and_for_programs(tmp_path: Path) -> None:
    alliance = given.treated()
    alliance.says(given.DRUP, "consent.withdrawn", {"case": given.case(1), "on": "2022-01", "scope": "all"})
    opened = hubs.founded_hub(tmp_path, alliance)
    hubs.post(opened, alliance)
    opened.engine.dispose()
    hub, index = tmp_path / "hub", alliance.database.size - 1

    shown, before = ask(hub, "findings"), ask(hub, "findings", "--at", str(index - 1))

    assert "withdrawn-not-erased" in "".join(shown.stdout.split())
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert before.stdout == "nothing to look at was found\n"
    (found,) = told(hub, "findings")
    assert (found["kind"], found["index"], found["node"]) == ("withdrawn-not-erased", index, given.DRUP)
