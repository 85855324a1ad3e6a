"""`node import` at the command line: a dry run by default, drafts whole or not at all, and a second cut of the data."""

import json
import stat
from pathlib import Path
from typing import Any

import given
import pytest
import sdtm_data as made
from desks import desk
from sdtm_data import ae, dm, ecog, ex, study, write

from ledger.cli.main import main
from ledger.node.folder import NodeFolder
from ledger.node.importing import keeping
from ledger.node.importing.planning import Plan
from ledger.node.importing.subjects import IMPORTED


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two nodes' folders, a study and its mapping."""
    monkeypatch.chdir(tmp_path)
    alliance = given.founded()
    for node in (given.DRUP, given.PROTARGET):
        desk(tmp_path / node, alliance, node)
    (tmp_path / "mapping.toml").write_text(made.MAPPING)
    write(tmp_path / "study", study())
    return tmp_path


def imported(capsys: pytest.CaptureFixture[str], *flags: str, node: str = given.DRUP, code: int = 0) -> Any:
    """What an import answers as JSON."""
    nodes = [] if "--node-dir" in flags else ["--node-dir", node]
    assert main(["node", "import", "sdtm", "study", "--mapping", "mapping.toml", "--json", *nodes, *flags]) == code
    told = capsys.readouterr()
    return json.loads(told.out) if code == 0 else told.err


def drafts(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_dry_run_writes_and_remembers_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(home.rglob("*"))
    told = imported(capsys)
    assert told["dry_run"]
    assert sum(told["drafts"][given.DRUP].values()) == 11
    assert sorted(home.rglob("*")) == before


def test_the_drafts_are_for_their_owner_alone_and_can_be_posted(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = imported(capsys, "--out", "drafts.jsonl")
    assert told["written"] == ["drafts.jsonl"]
    for file in (home / "drafts.jsonl", home / given.DRUP / IMPORTED):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    folder = NodeFolder.open(home / given.DRUP)
    for line in (home / "drafts.jsonl").read_text().splitlines():
        folder.check_line(line)
    assert "S-1" not in (home / "drafts.jsonl").read_text()


def test_a_newer_cut_gives_the_same_case_and_drafts_only_what_is_new(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(capsys, "--out", "first.jsonl")
    case = drafts(home / "first.jsonl")[0]["data"]["case"]
    # the same again
    told = imported(capsys, "--out", "second.jsonl")
    assert (told["drafts"], sum(told["known"].values()), told["unused"]) == ({}, 11, [])
    assert not (home / "second.jsonl").exists()
    # a patient and an event more, one event otherwise, and one gone
    domains = study()
    domains["dm"].append(dm("S-2"))
    domains["qs"].append(ecog("S-2", "0"))
    domains["ex"].append(ex("S-2", "2021-04-01"))
    domains["ae"] = [ae("S-1", 1, "2021-03-20", AETOXGR="3"), ae("S-1", 2, "2021-03-21", AETOXGR="1")]
    domains["tr"] = domains["tr"][1:]
    write(home / "study", domains)
    told = imported(capsys, "--out", "second.jsonl")
    new = drafts(home / "second.jsonl")
    assert [each["type"] for each in new if each["data"]["case"] == case] == ["adverse_event.reported"]
    assert len({each["data"]["case"] for each in new}) == 2
    reason = "adverse_event.reported changed since it was imported: correct it"
    assert told["unused"] == [{"file": "ae.csv", "row": 1, "reason": reason}]
    assert told["gone"] == {given.DRUP: [{"type": "response.assessed", "case": case}]}
    # corrected by hand, and said so
    imported(capsys, "--out", "third.jsonl", "--corrected")
    assert imported(capsys)["unused"] == []


def test_rows_that_a_newer_cut_numbers_otherwise_are_not_drafted_twice(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = ("2021-03-20", "2"), ("2021-04-20", "3")
    domains = study()
    for cut, told in enumerate(([first, second], [("2021-03-15", "1"), first, second])):
        domains["ae"] = [ae("S-1", n, on, AETOXGR=grade) for n, (on, grade) in enumerate(told, start=1)]
        write(home / "study", domains)
        answer = imported(capsys, "--out", f"{cut}.jsonl")
    assert answer["drafts"] == {}
    renumbered = "adverse_event.reported was imported under another number, and is not drafted twice: look at both"
    assert [(each["row"], each["reason"]) for each in answer["unused"]] == [
        (1, "adverse_event.reported changed since it was imported: correct it"),
        (2, renumbered),
        (3, renumbered),
    ]


def test_two_events_that_say_the_same_are_two(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    domains = study()
    imported(capsys, "--out", "first.jsonl")
    domains["ae"] = [ae("S-1", n, "2021-03-20", AETOXGR="2", AESEV="MODERATE") for n in (1, 2)]
    write(home / "study", domains)
    assert imported(capsys)["drafts"] == {given.DRUP: {"adverse_event.reported": 1}}


def test_a_domain_that_is_asked_for_and_in_no_file_is_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert imported(capsys)["missing"] == []
    (home / "study" / "adtte.csv").unlink()
    assert imported(capsys)["missing"] == ["ADTTE"]
    assert main(["node", "import", "sdtm", "study", "--mapping", "mapping.toml"]) == 0
    assert "ADTTE" in capsys.readouterr().out


def test_two_sources_may_have_a_patient_of_one_name(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    imported(capsys, "--out", "first.jsonl")
    (home / "mapping.toml").write_text(made.MAPPING.replace('"hand-made"', '"another"'))
    told = imported(capsys, "--out", "second.jsonl")
    assert told["known"] == {}
    cases = {each["data"]["case"] for file in ("first.jsonl", "second.jsonl") for each in drafts(home / file)}
    assert len(cases) == 2


def test_lost_drafts_are_drafted_again_with_the_same_cases(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    imported(capsys, "--out", "first.jsonl")
    lost = (home / "first.jsonl").read_bytes()
    (home / "first.jsonl").unlink()
    imported(capsys, "--out", "again.jsonl", "--again")
    assert (home / "again.jsonl").read_bytes() == lost


@pytest.mark.parametrize("step", ["cases_to_remember", "replacing", "events_to_remember"])
def test_a_crash_at_any_step_is_healed_by_importing_again(
    step: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(keeping if step == "replacing" else Plan, step, crash)
        imported(capsys, "--out", "drafts.jsonl", code=130)
    left = (home / "drafts.jsonl").read_bytes() if (home / "drafts.jsonl").exists() else None
    imported(capsys, "--out", "drafts.jsonl")
    assert len(drafts(home / "drafts.jsonl")) == 11
    assert left in (None, (home / "drafts.jsonl").read_bytes())
    assert imported(capsys)["drafts"] == {}


def test_drafts_that_may_not_be_posted_yet_are_not_written_over(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "drafts.jsonl").write_text("something else\n")
    said = imported(capsys, "--out", "drafts.jsonl", code=7)
    assert "post it and move it away" in said
    assert imported(capsys)["known"] == {}


def two_sites() -> made.Domains:
    domains = study()
    domains["dm"] += [dm("S-2", SITEID="02", COUNTRY="DNK"), dm("S-3", SITEID="03", COUNTRY="SWE")]
    return domains


@pytest.mark.parametrize("by", ["site", "country"])
def test_a_split_gives_each_node_its_patients_and_a_file(
    by: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(home / "study", two_sites())
    told = imported(capsys, "--split", by, "--node-dir", given.DRUP, "--node-dir", given.PROTARGET, "--out", "drafts")
    assert told["cases"] == {given.DRUP: 1, given.PROTARGET: 1}
    assert len(drafts(home / "drafts" / f"{given.PROTARGET}.jsonl")) == 2
    assert {each["reason"] for each in told["unused"] if each["row"] == 3} == {
        "treatment.started: EX has no row of this patient with a date",
        "the mapping's split does not list its patient's place",
        "patient.enrolled: QSSTRESC is blank, or says less than is needed",
    }


def test_a_node_alone_takes_its_own_part_of_a_split_and_lists_the_rest(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(home / "study", two_sites())
    told = imported(capsys, "--split", "site", "--node-dir", given.PROTARGET, "--out", "drafts")
    assert told["cases"] == {given.PROTARGET: 1}
    assert "its patient is drup-nl's, whose folder was not given" in {each["reason"] for each in told["unused"]}


def test_a_patient_who_moved_to_another_node_is_listed_and_not_drafted_twice(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ("--split", "site", "--node-dir", given.DRUP, "--node-dir", given.PROTARGET)
    imported(capsys, *both, "--out", "first")
    write(home / "study", study() | {"dm": [dm("S-1", SITEID="02")]})
    told = imported(capsys, *both)
    assert told["drafts"] == {}
    assert {each["reason"] for each in told["unused"]} == {f"its patient was imported at {given.DRUP} before"}


def test_what_could_not_be_used_is_printed_without_patients_and_values(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    domains = study()
    domains["ae"] += [ae("S-1", n, "2021-03-20", AETOXGR="9", AEDECOD="Zoster") for n in (2, 3, 5)]
    domains["ae"].append(ae("=1+1", 1, "2021-03-20"))
    write(home / "study", domains)
    flags = ["--mapping", "mapping.toml", "--node-dir", given.DRUP, "--unused", "unused.csv"]
    assert main(["node", "import", "sdtm", "study", *flags]) == 0
    said = capsys.readouterr().out
    assert "ae.csv: adverse_event.reported: AETOXGR is no grade from 1 to 5: 3\n    row 2-4\n" in said
    assert "inclusion criterion 2" in " ".join(said.split())  # wherever the line breaks
    assert not {"S-1", "Zoster", "1960", "VEMURAFENIB"} & set(said.replace(",", " ").split())
    assert (home / "unused.csv").read_text().splitlines()[:2] == [
        "file,row,reason,subject",
        "ae.csv,2,adverse_event.reported: AETOXGR is no grade from 1 to 5,S-1",
    ]
    assert (home / "unused.csv").read_text().splitlines()[-1].endswith(",'=1+1")  # a spreadsheet would compute it
    assert stat.S_IMODE((home / "unused.csv").stat().st_mode) == 0o600


def test_a_patient_whom_a_spreadsheet_would_compute_is_text_in_the_file_of_unused_rows(home: Path) -> None:
    domains = study()
    domains["ae"].append(ae("=1+1", 9, "2021-03-20"))
    write(home / "study", domains)

    assert main(["node", "import", "sdtm", "study", "--mapping", "mapping.toml", "--unused", "unused.csv"]) == 0

    assert {line.rpartition(",")[2] for line in (home / "unused.csv").read_text().splitlines()[1:]} == {"'=1+1"}


def test_what_a_node_remembers_is_not_read_once_it_was_altered(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    imported(capsys, "--out", "drafts.jsonl")
    with (home / given.DRUP / IMPORTED).open("a") as file:
        file.write("something else\n")
    assert "was altered" in imported(capsys, code=2)


@pytest.mark.parametrize(
    ("flags", "code", "says"),
    [
        (["sdtm", "nowhere", "--mapping", "mapping.toml"], 2, "there is no folder nowhere"),
        (["sdtm", "study", "--mapping", "nowhere.toml"], 2, "there is no mapping nowhere.toml"),
        (["sdtm", "study"], 2, "--example DIR writes one"),
        (["sdtm", "study", "--mapping", "csv-example"], 2, 'not of kind "sdtm"'),
        (["sdtm", "study", "--mapping", "mapping.toml", "--split", "site", "--out", "x"], 7, "a --node-dir for each"),
        (["csv", "study/dm.csv", "--mapping", "mapping.toml"], 2, 'not of kind "csv"'),
        (["csv", "--mapping", "csv-example"], 2, "FILE is missing"),
        (["sdtm", "study", "--mapping", "study"], 2, "there is no mapping study"),
    ],
)
def test_what_is_wrong_with_a_command_is_said(
    flags: list[str], code: int, says: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert home.exists()
    assert main(["node", "import", *flags]) == code
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("command", ["csv", "sdtm"])
def test_an_example_is_written_once(command: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["node", "import", command, "--example", "example"]) == 0
    listed = capsys.readouterr().out.split()
    assert sorted(listed) == sorted(str(each.relative_to(home)) for each in (home / "example").iterdir())
    assert main(["node", "import", command, "--example", "example"]) == 7


def test_a_folder_named_like_a_mapping_that_comes_along_does_not_hide_it(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "csv-example").mkdir()
    assert main(["node", "import", "csv", "--mapping", "csv-example"]) == 2
    assert "FILE is missing" in capsys.readouterr().err


def test_the_example_of_csv_runs_as_the_readme_says(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["node", "import", "csv", "--example", "DIR"]) == 0
    capsys.readouterr()
    assert home.exists()
    flags = ["--mapping", "DIR/mapping.toml", "--split", "site"]
    assert main(["node", "import", "csv", "DIR/registry.csv", *flags]) == 0
    assert "16 drafts of 13 rows in 1 files; 3 rows could not be used: a dry run" in capsys.readouterr().out
