"""The clinician's table, courses.md, line by line: what each course comes to under each trial's endpoint."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

import pytest

from ledger.clinical.benefit import Determined, Endpoint, determine
from ledger.clinical.course import Assessment, Course
from ledger.clinical.responses import RESPONSE_CODES, Criteria

_TABLE = Path(__file__).with_name("courses.md").read_text("utf-8")
_TRIALS = ("DRUP", "IMPRESS", "ProTarget")
_SAID = re.compile(
    r"(?:(?P<baseline>base )?(?P<central>c:)?d(?P<day>\?|-?[1-9]\d*)"
    r"(?: (?P<code>[\w/-]+))?(?: \((?P<criteria>[\w.-]+)\))?"
    r"|new d(?P<new>[1-9]\d*))"
)


def _rows(*columns: str) -> Iterator[Mapping[str, str]]:
    """Every line of the tables that have these columns, in order."""
    inside = False
    for line in _TABLE.splitlines():
        cells = [cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|")]
        if not line.startswith("|"):
            inside = False
        elif tuple(cells) == columns:
            inside = True
        elif inside and not line.startswith("|---"):
            yield dict(zip(columns, cells, strict=True))


_BEST = ("best confirmed", "best unconfirmed", "why")
_COURSES = list(_rows("case", "scale", "course", *_TRIALS, *_BEST))
_OTHERS = list(_rows("case", "endpoint", "scale", "course", "benefit", *_BEST))


def _endpoint(written: str) -> Endpoint:
    """Read `DRUP` or `DRUP, missing "no"` into what would have been adopted."""
    trial, _, change = written.partition(", ")
    members = {row["member"]: row[trial] for row in _rows("member", *_TRIALS)}
    if change:
        member, _, value = change.partition(" ")
        assert member in members
        members[member] = value
    content = {
        member: list(get_args(Criteria)) if value == "all" else json.loads(value) for member, value in members.items()
    }
    return Endpoint.parse({"kind": "benefit", **content})


def _course(written: str, scale: str) -> Course:
    assessments: list[Assessment] = []
    new_treatment_day = None
    for said in filter(None, written.split(", ")):
        match = _SAID.fullmatch(said)
        assert match, said
        criteria, code = match["criteria"] or scale, match["code"]
        if match["new"]:
            new_treatment_day = int(match["new"])
        else:
            assert criteria in get_args(Criteria)
            assert match["baseline"] if code is None else code in RESPONSE_CODES[criteria]
            assessments.append(
                Assessment(
                    day=None if match["day"] == "?" else int(match["day"]),
                    criteria=next(each for each in get_args(Criteria) if each == criteria),
                    response=code,
                    evaluator="central" if match["central"] else "investigator",
                    baseline=bool(match["baseline"]),
                )
            )
    return Course(tuple(assessments), new_treatment_day)


def _told(determined: Determined) -> dict[str, str]:
    return {
        "benefit": determined.benefit.replace("-", " "),
        "best confirmed": determined.best or "none",
        "best unconfirmed": determined.best_unconfirmed or "none",
    }


@pytest.mark.parametrize("row", _COURSES, ids=lambda row: f"{row['scale']}: {row['case']}")
def test_a_course_comes_to_what_the_clinician_expects_under_each_trials_endpoint(row: Mapping[str, str]) -> None:
    course = _course(row["course"], row["scale"])

    under = {trial: _told(determine(course, _endpoint(trial))) for trial in _TRIALS}

    found = {trial: under[trial]["benefit"] for trial in _TRIALS}
    found |= {column: under["DRUP"][column] for column in _BEST[:2]}
    assert found == {column: row[column] for column in found}


@pytest.mark.parametrize("row", _OTHERS, ids=lambda row: f"{row['endpoint']}: {row['case']}")
def test_a_course_comes_to_what_another_endpoint_makes_of_it(row: Mapping[str, str]) -> None:
    course = _course(row["course"], row["scale"])

    found = _told(determine(course, _endpoint(row["endpoint"])))

    assert found == {column: row[column] for column in found}


def test_the_table_has_every_code_of_every_scale() -> None:
    courses = [_course(row["course"], row["scale"]) for row in [*_COURSES, *_OTHERS]]

    used = {(each.criteria, each.response) for course in courses for each in course.assessments}

    plain = {"CR", "PR", "SD", "PD", "NE"}  # spelt alike everywhere: once on one scale is enough
    own = {(scale, code) for scale in get_args(Criteria) for code in RESPONSE_CODES[scale] - plain}
    assert own <= used
    assert {code for _, code in used} >= plain


def test_the_table_has_benefit_and_none_and_missing_on_every_scale() -> None:
    for scale in get_args(Criteria):
        answers = {row["DRUP"] for row in _COURSES if row["scale"] == scale}

        assert {"yes", "no"} <= answers, scale


def test_no_two_lines_of_the_table_are_the_same_course() -> None:
    lines = [(row["scale"], row["course"]) for row in _COURSES]

    assert len(set(lines)) == len(lines) >= 60
