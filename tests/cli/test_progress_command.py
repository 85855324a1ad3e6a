"""`cohort ID`: what became of a cohort's patients, for the hub's own operator."""

import json
from pathlib import Path
from typing import Any

import hubs
import pytest
from click.testing import CliRunner, Result
from fates import PROGRESSES, RESPONDS, Fate, dies, opened_under, tell, to_the_end, toxic
from given import COHORT, DRUP, PROTARGET, Alliance, case

from ledger.cli.main import program


def stored(folder: Path, alliance: Alliance) -> Path:
    opened = hubs.founded_hub(folder, alliance)
    hubs.post(opened, alliance)
    opened.engine.dispose()
    return folder / "hub"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    alliance = to_the_end()
    dies(alliance, DRUP, case(1), 200)
    toxic(alliance, DRUP, case(1), "anaemia")
    return stored(tmp_path_factory.mktemp("hub"), alliance)


def ask(hub: Path, *more: str, columns: int = 80) -> Result:
    arguments = ["cohort", COHORT, *more, "--data-dir", str(hub)]
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(program, arguments)


def words(ran: Result) -> str:
    """Without the breaks of lines."""
    assert ran.exit_code == 0, ran.output
    return " ".join(ran.stdout.split())


def test_benefit_is_told_look_by_look_with_all_that_a_rate_needs(hub: Path) -> None:
    text = words(ask(hub, columns=400))

    assert "stage 1 benefit computed 1 of 2 evaluable, 50.0 %" in text
    assert "now benefit computed 2 of 4 evaluable, " in text
    assert "endpoint week-16, data to entry " in text
    assert "claimed yes 2, no 2; computed yes 2, no 2" in text
    assert "decided stage-3 on 2 of 4 as it states by entry " in text
    assert "beyond the design and in no look: 2 treated, 2 evaluable" in text


def test_by_country_and_over_time_and_what_it_cost(hub: Path) -> None:
    text = words(ask(hub, columns=200))

    assert "NL now 2 1 yes 2, no 0 yes 2, no 0" in text
    assert "DK now 2 0 yes 0, no 2 yes 0, no 2" in text
    assert "progression-free survival 3 events among 5 treated; Kaplan-Meier" in text
    assert "overall survival 1 events among 5 treated" in text
    assert [text.count(each) for each in ("free %", "alive %")] == [1, 1]
    assert "at least" not in text
    assert "patients 1 of 7 treated" in text
    assert "patients (events) by term: anaemia 1 (1)" in text
    assert "objective response response 1 of 4 evaluable" in text


def test_where_events_have_no_grade_those_of_grade_3_are_at_least_so_many(tmp_path: Path) -> None:
    alliance = to_the_end()
    toxic(alliance, DRUP, case(1), "rash", ctcae_grade=None, severity="severe")

    text = words(ask(stored(tmp_path, alliance), columns=400))

    assert "worst of each patient: none of these at least: events without a grade, below, may be among them" in text


def test_it_is_readable_at_80_columns(hub: Path) -> None:
    lines = ask(hub).stdout.splitlines()

    assert max(map(len, lines)) <= 80
    assert not any(line != line.rstrip() for line in lines)


def test_of_a_cohort_that_nobody_was_treated_in_there_is_nothing_to_follow_up(tmp_path: Path) -> None:
    text = words(ask(stored(tmp_path, opened_under(DRUP)), columns=400))

    assert "benefit computed 0 of 0 evaluable" in text
    assert "Adverse events" not in text
    assert "survival" not in text


def test_an_earlier_moment_is_as_it_was_then(hub: Path) -> None:
    found = json.loads(ask(hub, "--at", "22", "--json").stdout)

    assert [each["look"] for each in found["looks"] if each["of"] == "cohort"] == ["now"]
    assert found["looks"][0]["computed_rate"]["data_cut"]["index"] == 22


def test_where_the_vaults_keys_are_not_there_the_clear_part_is_shown_and_it_is_said(tmp_path: Path) -> None:
    alliance = opened_under(DRUP)
    tell(alliance, {1: Fate(DRUP, RESPONDS, "yes"), 2: Fate(DRUP, PROGRESSES, "no")})
    hub = stored(tmp_path, alliance)
    (hub / "vault-keys.db").rename(tmp_path / "elsewhere.db")

    shown, for_programs = ask(hub, columns=400), ask(hub, "--json")

    assert "no sealed value could be opened" in words(shown)
    assert "claimed yes 0, no 0, shut 2; computed yes 0, no 0, shut 2" in words(shown)
    assert "evaluable 2 of 2 treated" in words(shown)
    assert "no sealed value could be opened" in for_programs.stderr
    assert json.loads(for_programs.stdout)["looks"][0]["claimed"]["shut"] == 2


def test_whoever_runs_the_hub_and_looks_at_patients_is_written_down(tmp_path: Path) -> None:
    hub = stored(tmp_path, to_the_end())

    before, _ = read_log(hub), ask(hub, "--json")
    (line,) = read_log(hub)[len(before) :]

    assert (line["what"], line["nodes"], line["rows"]) == (f"cohort {COHORT}", [DRUP, PROTARGET], 7)


def test_where_nothing_is_opened_nothing_is_written_down(tmp_path: Path) -> None:
    hub = stored(tmp_path, to_the_end())
    (hub / "vault-keys.db").unlink()

    assert ask(hub).exit_code == 0

    assert read_log(hub) == []


def read_log(hub: Path) -> list[dict[str, Any]]:
    told = CliRunner().invoke(program, ["access-log", "--json", "--data-dir", str(hub)])
    found: list[dict[str, Any]] = json.loads(told.stdout)
    return found
