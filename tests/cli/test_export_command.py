"""`export csv` and `export parquet`, as they are run at a hub: what is in the files, and that they were taken."""

import csv
import json
import sqlite3
import sys
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import given
import hubs
import naive_tree
import pytest
from click.testing import CliRunner, Result

from ledger.cli import export
from ledger.cli.main import main, program
from ledger.exports.reports import report_table
from ledger.signing.checkpoint import Checkpoint
from ledger.signing.encoding import to_base64
from ledger.signing.note import Note

USAGE, UNAVAILABLE, SETUP = 2, 6, 7
CENSUS: given.Data = {
    "metric": "patients_enrolled", "kind": "count", "operator": "eq", "value": 3, "as_of": "2021-12", "by": "2022",
    "quote": "=three patients",
}  # fmt: skip


@pytest.fixture(scope="module")
def told() -> given.Alliance:
    alliance = given.treated()
    alliance.says(given.DRUP, "census.attested", CENSUS)
    return alliance


@pytest.fixture(scope="module")
def hub(told: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hub")
    opened = hubs.founded_hub(folder, told)
    hubs.post(opened, told)
    opened.engine.dispose()
    return folder / "hub"


def ask(hub: Path, *arguments: str) -> Result:
    return CliRunner().invoke(program, [*arguments, "--data-dir", str(hub)])


def answer(hub: Path, *arguments: str) -> Any:
    ran = ask(hub, *arguments, "--json")
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


def csv_lines(hub: Path, *arguments: str) -> list[dict[str, str]]:
    ran = ask(hub, "export", "csv", *arguments)
    assert ran.exit_code == 0, ran.output
    return list(csv.DictReader(StringIO(ran.stdout_bytes.decode(), newline="")))


def taken(hub: Path) -> list[Any]:
    lines: list[Any] = answer(hub, "access-log")
    return lines


@pytest.mark.parametrize(
    ("report", "command"),
    [
        ("contributions", ["contributions"]),
        ("census", ["census"]),
        ("funnel", ["funnel"]),
        ("findings", ["findings"]),
        (f"cohort:{given.COHORT}", ["cohort", given.COHORT]),
    ],
)
def test_a_file_has_the_numbers_that_the_command_prints(
    hub: Path, tmp_path: Path, report: str, command: list[str]
) -> None:
    from pyarrow import parquet  # noqa: PLC0415 - it takes half a second

    printed = answer(hub, *command)
    told = answer(hub, "export", "parquet", report, str(tmp_path / "out.parquet"))

    file = parquet.read_table(tmp_path / "out.parquet")
    lines = printed if isinstance(printed, list) else [printed]
    expected = [flat(each, file.column_names) for each in lines]
    assert told["rows"] == file.num_rows == len(expected)
    for line, said in zip(file.to_pylist(), expected, strict=True):
        assert {name: as_said(value, said[name]) for name, value in line.items()} == said
    for written, said in zip(csv_lines(hub, report, "-"), expected, strict=True):
        assert {name: value for name, value in written.items() if name not in {*ORIGIN}} == {
            name: as_text(value) for name, value in said.items()
        }


ORIGIN = ["log_origin", "log_size", "log_root", "log_time", "log_asked_at", "log_asked_on", "log_program"]


def flat(line: dict[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """A line of JSON by the columns that it comes in: what is nested in it has columns of its own, under its name."""
    found: dict[str, Any] = {}
    for name, value in line.items():
        within = [each.removeprefix(f"{name}_") for each in columns if each.startswith(f"{name}_")]
        if name in columns:
            found[name] = value
        elif isinstance(value, dict):
            found |= {f"{name}_{inner}": each for inner, each in flat(value, within).items()}
        else:  # a pair, or nothing where there is more in other lines
            found |= {
                f"{name}_{inner}": each for inner, each in zip(within, value or [None] * len(within), strict=True)
            }
    return found


def as_said(value: Any, said: Any) -> Any:
    """A cell as JSON has it: JSON in a text is read."""
    return json.loads(value) if isinstance(said, dict | list) else type(said)(value) if value is not None else None


def as_text(said: Any) -> str:
    if isinstance(said, dict | list):
        return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    text = "" if said is None else str(said)
    return f"'{text}" if text.startswith("=") else text


def test_pandas_reads_both_forms_alike(hub: Path, tmp_path: Path) -> None:
    import pandas as pd  # noqa: PLC0415 - it takes half a second

    for form in ("csv", "parquet"):
        assert ask(hub, "export", form, "funnel", str(tmp_path / form)).exit_code == 0

    by_csv, by_parquet = pd.read_csv(tmp_path / "csv"), pd.read_parquet(tmp_path / "parquet")

    pd.testing.assert_frame_equal(by_csv.drop(columns=ORIGIN), by_parquet)
    assert by_parquet["patients_enrolled"].sum() == 1


def test_a_file_says_which_state_of_which_log_it_is_from(hub: Path, told: given.Alliance, tmp_path: Path) -> None:
    from pyarrow import parquet  # noqa: PLC0415 - it takes half a second

    size = told.database.size
    now = answer(hub, "export", "parquet", "funnel", str(tmp_path / "now"))
    (then, *_) = csv_lines(hub, "funnel", "-", "--at", "4", "--on", "2021-12-31")

    with sqlite3.connect(hub / "ledger.db") as connection:
        (note,) = connection.execute("select checkpoint from head").fetchone()
        stored = connection.execute('select received, jws from entries order by "index"').fetchall()
    leaves = [f"{received}\n{jws}".encode() for received, jws in stored]
    assert (now["log_origin"], now["log_size"]) == (given.ORIGIN, size)
    assert now["log_root"] == to_base64(Checkpoint.parse(Note.parse(note).text).root)
    assert now["log_time"] == stored[-1][0]
    metadata = parquet.read_schema(tmp_path / "now").metadata
    assert {name: metadata[name.encode()].decode() for name in ORIGIN if now[name] is not None} == {
        name: str(now[name]) for name in ORIGIN if now[name] is not None
    }
    assert (then["log_size"], then["log_time"]) == ("5", stored[4][0])
    assert then["log_root"] == to_base64(naive_tree.mth(leaves[:5]))
    assert (then["log_asked_at"], then["log_asked_on"]) == ("4", "2021-12-31")


def test_a_report_of_an_empty_log_is_an_empty_table(hub: Path, tmp_path: Path) -> None:
    told = answer(hub, "export", "csv", "census", str(tmp_path / "out"), "--at", "2001-01-01")

    assert (told["rows"], told["log_size"], told["log_time"]) == (0, 0, None)
    assert told["log_root"] == to_base64(naive_tree.mth([]))


def test_tables_of_the_cohort_database_show_no_sealed_value(hub: Path, told: given.Alliance) -> None:
    (episode,) = csv_lines(hub, "table:episodes", "-")

    row = told.database.rows("episodes")
    assert [each.key for each in row] == [tuple(episode[name] for name in ("cohort", "node", "case", "event"))]
    assert len(episode["variants_commitment"]) == 43
    assert "variants" not in episode
    assert json.loads(episode["set_by"])["variants"] > json.loads(episode["set_by"])["allocated_on"]


def test_every_export_is_written_to_the_access_log_and_no_refused_one(hub: Path, tmp_path: Path) -> None:
    before = len(taken(hub))

    ask(hub, "export", "csv", "census", str(tmp_path / "census.csv"))
    ask(hub, "export", "parquet", f"cohort:{given.COHORT}", "-")
    ask(hub, "export", "csv", "nothing", "-")
    ask(hub, "export", "csv", "census", "-", "--at", "9999")

    lines = taken(hub)[before:]
    assert [(line["kind"], line["what"], line["rows"]) for line in lines] == [
        ("operator", "export csv census", 1),
        ("operator", f"export parquet cohort:{given.COHORT}", 1),
    ]
    assert lines[0]["nodes"] == [given.DRUP]
    assert lines[1]["nodes"] == sorted(given.FOUNDERS)  # a line of no node is made of what all said


def test_what_cannot_be_written_down_is_not_given(told: given.Alliance, tmp_path: Path) -> None:
    opened = hubs.founded_hub(tmp_path, told)
    hubs.post(opened, told)
    opened.engine.dispose()
    with sqlite3.connect(tmp_path / "hub" / "ledger.db") as connection:
        connection.execute(
            "create trigger full before insert on access_log begin select raise(abort, 'the disk is full'); end"
        )

    to_file = ask(tmp_path / "hub", "export", "csv", "census", str(tmp_path / "out.csv"))
    to_stdout = ask(tmp_path / "hub", "export", "csv", "census", "-")

    assert to_file.exit_code != 0
    assert not (tmp_path / "out.csv").exists()
    assert to_stdout.exit_code != 0
    assert to_stdout.stdout == ""


def test_a_file_is_written_whole_for_its_owner_alone_or_stays_what_it_was(hub: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("what was there")

    assert main(["export", "csv", "nothing", str(out), "--data-dir", str(hub)]) == USAGE
    assert out.read_text() == "what was there"
    assert main(["export", "csv", "census", str(out), "--data-dir", str(hub)]) == 0
    assert out.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["out.csv"]
    assert out.read_bytes() == ask(hub, "export", "csv", "census", "-").stdout_bytes


@pytest.mark.parametrize(
    "arguments",
    [["csv", "nothing", "-"], ["csv", "census/x", "-"], ["csv", "census", "-", "--json"], ["csv", "census"]],
)
def test_what_is_asked_wrongly_is_exit_code_2(hub: Path, arguments: list[str]) -> None:
    assert main(["export", *arguments, "--data-dir", str(hub)]) == USAGE


def test_a_file_in_a_folder_that_is_not_there_is_exit_code_7(
    hub: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "csv", "census", str(tmp_path / "no" / "out.csv"), "--data-dir", str(hub)]) == SETUP
    assert "there is no folder" in capsys.readouterr().err


def test_parquet_without_pyarrow_is_exit_code_7_and_says_what_to_install(
    hub: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    assert main(["export", "parquet", "census", "-", "--data-dir", str(hub)]) == SETUP
    assert "pip install 'cohort-ledger[tables]'" in capsys.readouterr().err


def test_findings_are_exported_with_those_that_rest_on_sealed_values_and_by_the_hubs_own_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = given.treated()
    told.says(given.DRUP, "outcome.determined", given.patient(given.case(1)) | given.CLAIM)
    opened = hubs.founded_hub(tmp_path, told)
    hubs.post(opened, told)
    opened.engine.dispose()
    later = ["--on", "2030-01-01"]

    usual = {each["kind"] for each in csv_lines(tmp_path / "hub", "findings", "-", *later)}
    monkeypatch.setenv("COHORT_LEDGER_STALE_COHORT_DAYS", "3660")
    patient = {each["kind"] for each in csv_lines(tmp_path / "hub", "findings", "-", *later)}

    assert {"claim-differs", "stale-cohort"} <= usual
    assert patient == usual - {"stale-cohort"}


def test_a_file_that_cannot_be_written_is_named_as_it_was_asked_for(
    hub: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "missing" / "board.csv"

    assert main(["export", "csv", "board", str(out), "--data-dir", str(hub)]) == SETUP
    said = capsys.readouterr().err
    assert said.startswith(f"cohort-ledger: there is no folder {out.parent}: make it, or name another place\n")


def test_what_is_erased_while_a_cohort_is_written_does_not_appear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # given: a hub where somebody is erased once the values were opened
    told = given.treated()
    told.says(given.DRUP, "survival.updated", {**given.patient(given.case(1), given.COHORT), **given.DEATH})
    opened = hubs.founded_hub(tmp_path, told)
    hubs.post(opened, told)

    def erasing(*asked: Any, **more: Any) -> Any:
        told.says(given.DRUP, "disclosures.erased", {"case": given.case(1), "basis": "art-17"})
        hubs.post(opened, told)
        return report_table(*asked, **more)

    monkeypatch.setattr(export, "report_table", erasing)

    # when
    code = main(["export", "csv", f"cohort:{given.COHORT}", str(tmp_path / "out"), "--data-dir", str(tmp_path / "hub")])

    # then
    opened.engine.dispose()
    assert code == UNAVAILABLE
    assert "run the same command again" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
