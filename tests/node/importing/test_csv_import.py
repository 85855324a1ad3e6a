"""A CSV file of a trial's own as drafts: the example that comes along, and mappings that are wrong."""

from pathlib import Path

import pytest

from ledger.clock import new_case_id, now
from ledger.errors import MalformedError
from ledger.names import When
from ledger.node.importing.csv_rows import read_csv, read_csv_mapping
from ledger.node.importing.examples import example_files, mapping_text
from ledger.node.importing.planning import Plan, Planner
from ledger.node.importing.subjects import Memory
from ledger.node.importing.toml import read_toml

SCANS = """
kind = "csv"
source = "scans"
subject = "patient"
[[event]]
type = "response.assessed"
key = "scan"
[event.fields]
cohort = "cohort"
day = { column = "on", day = true }
criteria = { constant = "rano", because = "the protocol's" }
response = "response"
evaluator = { constant = "investigator", because = "nobody else looks" }
"""


def planned(folder: Path, told: str, content: str, started: dict[str, str] | None = None) -> Plan:
    """What an import of a file would say for one node. started: what is known of treatments, by patient."""
    (folder / "a.csv").write_text(content)
    known = started or {}
    memory = Memory()
    for patient in known:
        memory.drafted |= {("treatment.started", patient, "gbm"): None}  # type: ignore[dict-item]
    mapping = read_csv_mapping(read_toml(Path("m"), told))
    reading = read_csv(
        folder / "a.csv",
        mapping,
        started=lambda patient, _cohort: When.parse(known[patient]) if patient in known else None,
    )
    return Planner({"n": memory}, lambda _: ("n", ""), new_case_id, now(), mapping.synthetic).plan(reading)


def unused(plan: Plan) -> list[tuple[int, str]]:
    return sorted((each.row, each.reason) for each in plan.reading.unused)


def test_the_example_that_comes_along_says_what_its_mapping_promises(tmp_path: Path) -> None:
    files = example_files("csv")
    plan = planned(tmp_path, files["mapping.toml"].decode(), files["registry.csv"].decode())
    told = [
        (each.told.subject, each.told.type, {k: v for k, v in each.data.items() if k not in ("case", "cohort")})
        for each in plan.lines["n"]
    ]
    scans = [(who, data) for who, event_type, data in told if event_type == "response.assessed"]
    shared = {"criteria": "recist-1.1", "synthetic": True}
    assert scans == [
        ("A-1", {"day": 57, "response": "PR", "evaluator": "investigator", "target_sum_mm": 41, **shared}),
        ("A-1", {"day": 57, "response": "SD", "evaluator": "central", "target_sum_mm": 47, **shared}),
        ("K-7", {"day": 57, "response": "CR", "evaluator": "investigator", "target_sum_mm": 0, **shared}),
        ("A-1", {"day": None, "response": "PR", "evaluator": "investigator", "target_sum_mm": 38, **shared}),
    ]
    enrolled = next(data for who, event_type, data in told if (who, event_type) == ("A-1", "patient.enrolled"))
    assert enrolled["variants"] == [{"gene": "BRAF", "hgvs": "p.V600E", "class": "activating"}]
    assert (enrolled["birth_year"], enrolled["consent_version"]) == (1961, "3.1")
    assert ("A-2", "case.submitted", {"on": "2021-05", "synthetic": True}) in told
    assert unused(plan) == [
        (10, "patient.enrolled: ecog is blank, or says less than is needed"),
        (11, "there is no patient.enrolled of its patient that it could stand on"),
        (12, "there is no treatment.started of its patient that it could stand on"),
    ]


def test_days_count_from_a_treatment_that_an_earlier_import_told_of(tmp_path: Path) -> None:
    rows = "patient,scan,cohort,on,response\n1,1,gbm,2021-03-11,SD\n2,1,gbm,2021-03-11,SD\n1,1,gbm,2021-04-11,PD\n"
    plan = planned(tmp_path, SCANS, rows + "1,,gbm,2021-04-11,PD\n,1,gbm,,SD\n", {"1": "2021-03-10"})
    assert [each.data["day"] for each in plan.lines["n"]] == [2]
    assert unused(plan) == [
        (2, "response.assessed: the day that its patient's treatment started is not known: import that first"),
        (3, "response.assessed: row 1 of a.csv says otherwise"),
        (4, "response.assessed: scan: blank, and nothing else tells a patient's rows apart"),
        (5, "response.assessed: patient is blank"),
    ]


def test_rows_of_one_patient_that_say_the_same_of_what_there_is_once_say_it_once(tmp_path: Path) -> None:
    told = 'kind = "csv"\nsource = "s"\nsubject = "p"\n[[event]]\ntype = "case.submitted"\nfields = { on = "on" }\n'
    plan = planned(tmp_path, told, "p,on\n1,2021-03-10\n1,2021-03-10\n2,2021\n2,2022\n3,soon\n")
    assert [each.data["on"] for each in plan.lines["n"]] == ["2021-03-10", "2021"]
    assert unused(plan) == [
        (4, "case.submitted: row 3 of a.csv says otherwise"),
        (5, "case.submitted: on is no ISO 8601 date"),
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('key = "scan"', 'key = "scan"\nnote = "x"'), "event[1].note is nothing that a mapping has here"),
        (('key = "scan"', ""), "name the columns that tell a patient's rows apart"),
        (('type = "response.assessed"', 'type = "case.closed"'), "event[1].type takes one of case.submitted"),
        (('response = "response"', 'answer = "response"'), "event[1].fields.answer is nothing that a mapping has here"),
        (('cohort = "cohort"', ""), "event[1].fields.cohort is missing"),
        (('subject = "patient"', ""), "subject is missing"),
        (('"on", day = true', '"on", day = true, domain = "RS"'), "a file of rows has no domains"),
        (('subject = "patient"', 'subject = "patient"\ndelimiter = ";;"'), "delimiter takes one character"),
        (('cohort = "cohort"', 'cohort = "arm"'), "a.csv has no column arm"),
    ],
)
def test_a_mapping_is_read_strictly_and_what_is_wrong_is_named(
    change: tuple[str, str], says: str, tmp_path: Path
) -> None:
    with pytest.raises(MalformedError) as error:
        planned(tmp_path, SCANS.replace(*change), "patient,scan,cohort,on,response\n")
    assert says in str(error.value)


@pytest.mark.parametrize("name", ["csv-example"])
def test_a_mapping_that_comes_along_is_read_by_its_name(name: str) -> None:
    text = mapping_text(name)
    assert text is not None
    assert read_csv_mapping(read_toml(Path(name), text)).source == "example-registry"


@pytest.mark.parametrize("written", ["%d.%m.", "%d.%m.%y"])
@pytest.mark.parametrize("of", ["date = ", 'day = { column = "on", day = true, date = '])
def test_a_format_that_leaves_a_year_to_be_guessed_is_refused(written: str, of: str, tmp_path: Path) -> None:
    if of.startswith("date"):
        told = SCANS.replace('subject = "patient"', f'subject = "patient"\ndate = "{written}"')
    else:
        told = SCANS.replace('day = { column = "on", day = true }', f'{of}"{written}" }}')
    with pytest.raises(MalformedError, match="has no %Y"):
        planned(tmp_path, told, "")


def test_days_count_from_the_start_that_is_drafted_where_a_patient_has_two(tmp_path: Path) -> None:
    starts = """
[[event]]
type = "treatment.started"
where = { begun = "*" }
[event.fields]
on = "begun"
cohort = "cohort"
stage = { constant = 1, because = "no stage was decided" }
"""
    rows = "patient,cohort,scan,on,response,begun\n{0},,,2021-03-10\n{0},,,2021-04-10\n{0},1,2021-05-05,PR,\n"
    told = SCANS.replace("[event.fields]", 'where = { scan = "*" }\n[event.fields]') + starts
    plan = planned(tmp_path, told, rows.format("P1,gbm").replace("gbm,,,2021", "gbm,,,,2021"))
    days = [each.data["day"] for each in plan.reading.told if each.type == "response.assessed"]
    assert days == [57]
