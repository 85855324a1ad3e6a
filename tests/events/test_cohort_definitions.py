"""cohort.defined: a definition is the alliance's."""

from typing import Any

import pytest
from given import COHORT, DEFINITION, DRUP, PROTARGET, SMALL, Data, agreed, defined, resolution, set_by


def test_a_definition_is_the_alliances() -> None:
    alliance = agreed()

    taken = alliance.says(PROTARGET, "cohort.defined", DEFINITION)

    fields = {name: value for name, value in DEFINITION.items() if name != "cohort"}
    assert set_by(taken) == {("cohorts", (COHORT,)): {"defined_by": PROTARGET, **fields}}
    assert alliance.stood_on(taken) == ["resolution.endorsed", "resolution.endorsed"]


def test_what_a_definition_does_not_say_it_sets_to_nothing() -> None:
    alliance = agreed()
    short = {name: value for name, value in DEFINITION.items() if name not in {"ages", "line"}}

    taken = alliance.says(DRUP, "cohort.defined", short)

    (cells,) = set_by(taken).values()
    assert (cells["ages"], cells["line"]) == (None, None)


def test_the_name_of_a_cohort_is_taken_once() -> None:
    alliance = defined(DRUP)

    alliance.refuses(PROTARGET, "cohort.defined", DEFINITION, because="a cohort named braf-v600 is defined already")


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"design": "large"}, "a design large in force"),
        ({"endpoint": "week-24"}, "an endpoint week-24 in force"),
        ({"design": "week-16"}, "a design week-16 in force"),
        ({"endpoint": "small"}, "an endpoint small in force"),
    ],
)
def test_a_cohort_needs_a_design_and_an_endpoint_in_force(change: Data, missing: str) -> None:
    missing = missing.replace("an endpoint", "a endpoint")

    agreed().refuses(DRUP, "cohort.defined", {**DEFINITION, **change}, because=f"cohort.defined needs {missing}")


def test_a_design_that_was_only_proposed_is_not_in_force() -> None:
    alliance = agreed()
    alliance.says(DRUP, "resolution.proposed", resolution("large", "design", SMALL))

    alliance.refuses(DRUP, "cohort.defined", {**DEFINITION, "design": "large"}, because="a design large in force")


ODD: dict[str, dict[str, Any]] = {
    "a tumour that is any and some": {"tumour": {"agnostic": True, "oncotree": ["COAD"]}},
    "a tumour that is neither": {"tumour": {}},
    "a tumour that is not any": {"tumour": {"agnostic": False}},
    "a tumour that is one": {"tumour": {"agnostic": 1}},
    "no tumours": {"tumour": {"oncotree": []}},
    "a tumour in words": {"tumour": {"oncotree": ["colon cancer"]}},
    "a biomarker without a label": {"biomarker": {"gene": "BRAF"}},
    "a gene in lower case": {"biomarker": {"label": "x", "gene": "braf"}},
    "a range without a unit": {"biomarker": {"label": "x", "range": {"measure": "tmb", "from": 16}}},
    "an age below zero": {"ages": {"from": -1}},
    "an age in words": {"ages": {"from": "18"}},
    "a regimen out of order": {"regimen": ["trametinib", "dabrafenib"]},
    "another accrual": {"accrual": "both"},
    "a blank label": {"label": " "},
}


@pytest.mark.parametrize("change", ODD.values(), ids=ODD)
def test_a_definition_says_nothing_out_of_its_grammar(change: dict[str, Any]) -> None:
    (field,) = change

    agreed().refuses(DRUP, "cohort.defined", {**DEFINITION, **change}, because=f"cohort.defined: {field}")


@pytest.mark.parametrize(
    "change",
    [
        {"tumour": {"oncotree": ["COAD", "READ"]}},
        {"biomarker": {"label": "TMB high", "range": {"measure": "tmb", "from": 16, "unit": "per-mb"}}},
        {"biomarker": {"label": "TMB 10-16", "range": {"measure": "tmb", "from": 10, "to": "15.9", "unit": "per-mb"}}},
        {"ages": {"from": 12, "to": 17}},
        {"accrual": "per-trial"},
    ],
)
def test_a_definition_is_kept_as_it_was_written(change: dict[str, Any]) -> None:
    alliance = agreed()

    alliance.says(DRUP, "cohort.defined", {**DEFINITION, **change})

    row = alliance.row("cohorts", COHORT) or {}
    assert {name: row[name] for name in change} == change
