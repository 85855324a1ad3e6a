"""`export omop` and `export cbioportal` as the operator runs them, at a hub that holds patients."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import exported
import given
import hubs
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from exported import ERASED, FULL, HOSTILE, PARTIAL, SECRET, WITHDREW

from ledger.cli import export_studies
from ledger.cli.main import main, program
from ledger.cohort.rows import Profile
from ledger.exports.study import Part
from ledger.operations import exporting, taking_out
from ledger.operations.hub import Hub
from ledger.operations.new_folder import write_files

USAGE, UNAVAILABLE, SETUP, UNEXPECTED = 2, 6, 7, 1
KINDS = ["omop", "cbioportal"]


@pytest.fixture(scope="module")
def told() -> given.Alliance:
    return exported.told()


@pytest.fixture(scope="module")
def home(told: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    opened = hubs.founded_hub(folder, told)
    hubs.post(opened, told)
    opened.engine.dispose()
    return folder


def run(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(program, [*arguments, "--data-dir", str(home / "hub")])


def export(home: Path, kind: str, out: Path, *more: str) -> Any:
    ran = run(home, "export", kind, str(out), *more, "--json")
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


def accesses(home: Path) -> list[Any]:
    lines: list[Any] = json.loads(run(home, "access-log", "--json").stdout)
    return lines


def test_the_tables_are_read_by_others_as_they_were_made(home: Path, told: given.Alliance, tmp_path: Path) -> None:
    answer = export(home, "omop", tmp_path / "out")

    tables = {file.stem: pd.read_csv(file) for file in (tmp_path / "out").glob("*.csv")}
    assert {name: len(tables[name]) for name in answer["rows"]} == answer["rows"]
    assert tables["not-exported"]["rows"].sum() == answer["not_exported"]
    conditions = tables["condition_occurrence"]["condition_source_value"]
    assert conditions.isin(["'" + exported.FORMULA[:50]]).sum() == 1
    assert set(tables["measurement"]["person_id"]) <= set(tables["person"]["person_id"])
    pd.to_datetime(tables["measurement"]["measurement_date"], format="%Y-%m-%d")
    about = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert (about["log_origin"], about["log_size"]) == (given.ORIGIN, told.database.size)
    assert (about["log_root"], about["synthetic"]) == (answer["log_root"], True)
    assert tables["cdm_source"]["source_description"].str.contains(about["log_root"], regex=False).all()


def test_the_study_is_read_by_others_as_it_was_made(home: Path, tmp_path: Path) -> None:
    answer = export(home, "cbioportal", tmp_path / "out")

    samples = pd.read_csv(tmp_path / "out" / "data_clinical_sample.txt", sep="\t", comment="#")
    assert len(samples) == answer["rows"]["samples"]
    assert answer["log_root"] in (tmp_path / "out" / "meta_study.txt").read_text()
    assert (tmp_path / "out" / "case_lists" / "cases_all.txt").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_of_who_was_erased_or_withdrew_no_byte_is_in_the_folder(home: Path, tmp_path: Path, kind: str) -> None:
    export(home, kind, tmp_path / "out")

    files = [file for file in (tmp_path / "out").rglob("*") if file.is_file()]
    together = b"".join(file.read_bytes() for file in files)
    assert FULL.encode() in together
    assert not any(each.encode() in together for each in (ERASED, WITHDREW, SECRET))
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert (tmp_path / "out" / "SYNTHETIC").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_of_the_past_brings_nothing_back_that_is_erased(
    home: Path, told: given.Alliance, tmp_path: Path, kind: str
) -> None:
    export(home, kind, tmp_path / "out", "--at", str(told.database.size - 2))  # before the erasure

    together = b"".join(file.read_bytes() for file in (tmp_path / "out").rglob("*") if file.is_file())
    assert FULL.encode() in together
    assert not any(each.encode() in together for each in (ERASED, SECRET))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("by", ["--at", "--on"])
def test_an_export_of_the_past_holds_nobody_who_withdrew_since(
    home: Path, told: given.Alliance, tmp_path: Path, kind: str, by: str
) -> None:
    withdrawn = next(n for n, each in enumerate(told.heard) if each.envelope.claims.type == "consent.withdrawn")

    export(home, kind, tmp_path / "out", by, str(withdrawn - 1) if by == "--at" else "2021-12-19")

    together = b"".join(file.read_bytes() for file in (tmp_path / "out").rglob("*") if file.is_file())
    assert FULL.encode() in together
    assert WITHDREW.encode() not in together


@pytest.mark.parametrize("kind", KINDS)
def test_the_access_log_says_who_took_whose_data_and_how_many_rows(home: Path, tmp_path: Path, kind: str) -> None:
    before = len(accesses(home))

    export(home, kind, tmp_path / "all")
    export(home, kind, tmp_path / "one", "--node", given.PROTARGET, "--cohort", given.COHORT)

    everything, part = accesses(home)[before:]
    assert (everything["role"], everything["what"]) == ("operator", f"export {kind}: all nodes and cohorts")
    assert everything["nodes"] == [given.DRUP, given.PROTARGET]
    assert part["what"] == f"export {kind}: node {given.PROTARGET} and cohort {given.COHORT}"
    assert part["nodes"] == [given.PROTARGET]
    assert 0 < part["rows"] < everything["rows"]


def test_a_part_holds_its_patients_and_no_others(home: Path, tmp_path: Path) -> None:
    export(home, "omop", tmp_path / "out", "--node", given.PROTARGET, "--cohort", given.COHORT)

    people = pd.read_csv(tmp_path / "out" / "person.csv")["person_source_value"]
    assert {each.split("/")[1] for each in people} == {PARTIAL, HOSTILE}


def test_of_a_part_no_other_value_is_opened(home: Path) -> None:
    opened = hubs.reopened(home)

    taken = taking_out.take_out(
        opened.engine,
        opened.memorandum,
        opened.vault,
        taking_out.Asked(Part(node=given.PROTARGET)),
        what="omop",
        program="cohort-ledger",
        made=datetime(2022, 2, 1, tzinfo=UTC),
    )

    opened.engine.dispose()
    revealed = taken.revealed
    assert {revealed.fields(row) is None for row in revealed.snapshot.of(Profile) if row.node == given.DRUP} == {True}
    assert {revealed.fields(row) is None for row in revealed.snapshot.of(Profile) if row.node != given.DRUP} == {False}


def test_on_a_day_only_what_is_dated_and_past_by_it_is_exported(home: Path, tmp_path: Path) -> None:
    export(home, "omop", tmp_path / "out", "--on", "2021-12-02")

    tables = {file.stem: pd.read_csv(file) for file in (tmp_path / "out").glob("*.csv")}
    assert len(tables["episode"]) == len(tables["drug_exposure"]) == 0
    assert len(tables["person"]) == 5
    assert "its treatment had not begun by that day" in set(tables["not-exported"]["reason"])
    assert json.loads((tmp_path / "out" / "provenance.json").read_text())["log_asked_on"] == "2021-12-02"


@pytest.mark.parametrize("kind", KINDS)
def test_what_cannot_be_written_down_is_not_taken_out(
    home: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("no line more")

    monkeypatch.setattr(exporting, "append_access", fails)

    assert run(home, "export", kind, str(tmp_path / "out")).exit_code == UNEXPECTED
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_that_is_not_empty_is_left_alone_and_nothing_is_opened(
    home: Path, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").touch()
    before = accesses(home)

    code = main(["export", kind, str(tmp_path), "--data-dir", str(home / "hub")])

    assert code == USAGE
    assert "nothing is written over" in capsys.readouterr().err
    assert accesses(home) == before


@pytest.mark.parametrize("asked", [["omop"], ["cbioportal"], ["csv", "board"]])
def test_where_there_is_no_folder_to_write_into_nothing_is_opened_and_none_is_said_to_be_taken(
    home: Path, tmp_path: Path, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = accesses(home)

    code = main(["export", *asked, str(tmp_path / "nowhere" / "out"), "--data-dir", str(home / "hub")])

    assert code == SETUP
    assert "nowhere: make it" in " ".join(capsys.readouterr().err.split())
    assert accesses(home) == before


@pytest.mark.parametrize("asked", [["--node", "nobody-xx"], ["--cohort", "nothing"], ["--at", "9999"]])
def test_what_is_not_there_is_not_exported(
    home: Path, tmp_path: Path, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = accesses(home)

    code = main(["export", "omop", str(tmp_path / "out"), *asked, "--data-dir", str(home / "hub")])

    assert code == USAGE
    assert "no " in capsys.readouterr().err
    assert accesses(home) == before
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_erased_while_it_is_written_does_not_appear(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # given: a hub where somebody is erased once the values were opened
    told = given.treated()
    hub: Hub = hubs.founded_hub(tmp_path, told)
    hubs.post(hub, told)

    def erasing(folder: Path, files: Any) -> None:
        write_files(folder, files)
        told.says(given.DRUP, "disclosures.erased", {"case": given.case(1), "basis": "art-17"})
        hubs.post(hub, told)

    monkeypatch.setattr(export_studies, "write_files", erasing)

    # when
    code = main(["export", kind, str(tmp_path / "out"), "--data-dir", str(tmp_path / "hub")])

    # then
    hub.engine.dispose()
    assert code == UNAVAILABLE
    assert "run the same command again" in capsys.readouterr().err
    assert {each.name for each in tmp_path.iterdir()} == {"hub"}


def test_the_tables_for_people_say_what_was_written_and_that_something_was_not(home: Path, tmp_path: Path) -> None:
    ran = run(home, "export", "omop", str(tmp_path / "out"))

    assert ran.exit_code == 0
    assert "person" in ran.stdout
    assert "not-exported.csv says which, and why" in " ".join(ran.stderr.split())
