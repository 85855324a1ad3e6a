"""Definitions, designs and endpoints as sentences."""

from types import SimpleNamespace
from typing import Any

import pytest
from designs import DRUP_PLAN
from given import WEEK_16

from api.web.words import characteristics_in_words, definition_in_words, design_in_words, endpoint_in_words
from ledger.clinical.benefit import Endpoint
from ledger.clinical.characteristics import characteristics


def told(**changes: Any) -> dict[str, str]:
    standing = {"tumour": {"agnostic": True}, "regimen": "a+b", "accrual": "pooled"} | changes
    of: Any = SimpleNamespace(
        standing=SimpleNamespace(**{name: standing[name] for name in ("tumour", "regimen", "accrual")}),
        biomarker=changes.get("biomarker", {"label": "BRAF V600"}),
        ages=changes.get("ages"),
        line=changes.get("line"),
    )
    return dict(definition_in_words(of))


@pytest.mark.parametrize(
    ("ages", "words"),
    [
        (None, "any"),
        ({"from": 18}, "18 years and over"),
        ({"to": 17}, "up to 17 years"),
        ({"from": 0, "to": 17}, "0 to 17 years"),
    ],
)
def test_ages_are_told_with_the_limits_that_there_are(ages: Any, words: str) -> None:
    assert told(ages=ages)["Age"] == words


def test_a_biomarker_says_each_thing_once_and_its_range() -> None:
    burden = {"measure": "tumour-mutational-burden", "from": 140, "unit": "per 10 Mb"}

    assert told(biomarker={"label": "BRAF V600", "gene": "BRAF", "class": "missense"})["Biomarker"] == (
        "BRAF V600 (missense)"
    )
    assert told(biomarker={"label": "TMB high", "range": burden})["Biomarker"] == (
        "TMB high tumour mutational burden from 140 per 10 Mb"
    )


def test_a_definition_names_tumours_treatment_line_and_accrual() -> None:
    found = told(tumour={"oncotree": ["COAD", "READ"]}, line="second-line", accrual="per-trial")

    assert found["Tumour"] == "OncoTree COAD, READ"
    assert found["Treatment"] == "a with b"
    assert found["Line"] == "second line"
    assert found["Accrual"] == "each trial for itself, under the same design"
    assert told()["Line"] == "any"


def test_the_design_of_drup_is_told_with_its_exact_characteristics() -> None:
    assert design_in_words(DRUP_PLAN).startswith(
        "Treat 8 evaluable patients. None of them with benefit closes the cohort, more extend it to 24. 5 or more of"
    )
    found = [value for _, value in characteristics_in_words(characteristics(DRUP_PLAN), DRUP_PLAN)]
    assert found == ["0.0778", "0.8572", "0.4305", "0.0576", "17.11", "23.08"]


def test_endpoints_that_are_similar_are_told_apart() -> None:
    drup: Any = WEEK_16
    nordic = drup | {"at_week_16_only": True, "confirm_days": 0, "evaluator": "central-first", "missing": "no"}

    assert endpoint_in_words(Endpoint.parse(drup)) == (
        "Benefit is a response, confirmed at least 28 days later, or stable disease for at least 112 days of treatment,"
        " as the investigator assessed it, by rano, recist-1.1. Of evaluable patients; who lacks the assessments for it"
        " counts as not evaluable."
    )
    assert endpoint_in_words(Endpoint.parse(nordic)) == (
        "Benefit is response or stable disease at week 16 (day 98 to 126), as the central review assessed it, or else"
        " the investigator, by rano, recist-1.1. Of evaluable patients; who lacks the assessments for it counts as no"
        " benefit."
    )
