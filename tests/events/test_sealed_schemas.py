"""Sealed values have a schema too. Rules never see them: a node's program and the posting gate hold them against it."""

from typing import Any

import pytest
from story import before, first_of

from ledger.errors import GateError

GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "a profile of what is known": ("case.profiled", {"icd10": None, "tmb_per_10mb": None, "msi": None}),
    "a profile without findings": ("case.profiled", {"variants": []}),
    "a finding with a whole number": (
        "case.profiled",
        {"variants": [{"gene": "BRAF", "class": "x", "vaf_percent": 9}]},
    ),
    "doses that are not told": ("treatment.started", {"doses": None}),
    "a baseline has no response": ("response.assessed", {"response": None, "baseline": True, "day": -7}),
    "a code of another scale": ("response.assessed", {"criteria": "irecist", "response": "iUPD"}),
    "no study day where the source has none": ("adverse_event.reported", {"day": None}),
    "severity where the source has no grade": ("adverse_event.reported", {"ctcae_grade": None, "severity": "severe"}),
    "alive": ("survival.updated", {"status": "alive", "cause": None}),
    "an end that nobody dated": ("treatment.ended", {"day": None, "reason": "choice"}),
}

BAD: dict[str, tuple[str, dict[str, Any]]] = {
    "no sex": ("case.profiled", {"sex": None}),
    "a full birth date": ("case.profiled", {"birth_year": "1961-04-03"}),
    "a birth year of a long past": ("case.profiled", {"birth_year": 1861}),
    "a tumour in words": ("case.profiled", {"oncotree": "colon"}),
    "an icd10 code out of shape": ("case.profiled", {"icd10": "18.9"}),
    "a variant with a member to spare": ("case.profiled", {"variants": [{"gene": "BRAF", "class": "x", "name": "y"}]}),
    "a variant without a class": ("case.profiled", {"variants": [{"gene": "BRAF"}]}),
    "a fraction above all": ("case.profiled", {"variants": [{"gene": "BRAF", "class": "x", "vaf_percent": 101}]}),
    "a burden below none": ("case.profiled", {"tmb_per_10mb": -1}),
    "targets in one text": ("case.prescreened", {"targets": "BRAF"}),
    "ecog 6": ("patient.enrolled", {"ecog": 6}),
    "ecog true": ("patient.enrolled", {"ecog": True}),
    "no consent version": ("patient.enrolled", {"consent_version": ""}),
    "a dose without a unit": ("treatment.started", {"doses": [{"drug": "dabrafenib", "amount": 150}]}),
    "a day 0": ("response.assessed", {"day": 0}),
    "a response of another scale": ("response.assessed", {"response": "VGPR"}),
    "an immune code under recist": ("response.assessed", {"criteria": "recist-1.1", "response": "iPR"}),
    "no response, and no baseline": ("response.assessed", {"response": None}),
    "an unknown scale": ("response.assessed", {"criteria": "recist-2"}),
    "an unknown evaluator": ("response.assessed", {"evaluator": "neighbour"}),
    "a claim of something": ("outcome.determined", {"benefit": "maybe"}),
    "a best response of no scale": ("outcome.determined", {"best_response": "GREAT"}),
    "grade 0": ("adverse_event.reported", {"ctcae_grade": 0}),
    "grade 6": ("adverse_event.reported", {"ctcae_grade": 6}),
    "neither grade nor severity": ("adverse_event.reported", {"ctcae_grade": None}),
    "a status between": ("survival.updated", {"status": "unknown"}),
    "an end without a reason": ("treatment.ended", {"reason": None}),
    "a reason that is not listed": ("treatment.ended", {"reason": "holiday"}),
    "a blank reason": ("case.released", {"reason": "  "}),
    "a closing without a reason": ("cohort.closed", {"reason": None}),
    "a trial's closing without a reason": ("trial.closed", {"reason": None}),
}


@pytest.mark.parametrize(("type_", "change"), GOOD.values(), ids=GOOD)
def test_what_a_source_can_state_can_be_sealed(type_: str, change: dict[str, Any]) -> None:
    sentence = first_of(type_)

    taken = before(sentence).says(*sentence[:2], {**sentence.data, **change})

    assert taken.versions


@pytest.mark.parametrize(("type_", "change"), BAD.values(), ids=BAD)
def test_a_node_does_not_seal_what_is_not_of_the_schema(type_: str, change: dict[str, Any]) -> None:
    sentence = first_of(type_)
    alliance = before(sentence)
    size, digest = alliance.database.size, alliance.database.digest

    with pytest.raises(GateError) as refusal:
        alliance.says(*sentence[:2], {**sentence.data, **change})

    assert str(refusal.value).startswith(f"{type_}: ")
    assert not any(
        str(value) in str(refusal.value) for value in change.values() if isinstance(value, str) and value.strip()
    )
    assert (alliance.database.size, alliance.database.digest) == (size, digest)


def test_a_reason_may_be_left_out_but_not_in_closing() -> None:
    for type_ in ("case.released", "cohort.suspended", "cohort.resumed", "supply.withdrawn"):
        sentence = first_of(type_)

        assert before(sentence).says(*sentence[:2], {**sentence.data, "reason": None}).versions


def test_no_sealed_value_gets_into_the_database() -> None:
    alliance = before(first_of("trial.closed"))
    cells = repr([(record.key, record.cells) for _, record in alliance.database.versions()])

    for value in (
        "p.Val600Glu",
        "COAD",
        "C18.9",
        "pyrexia",
        "partial response at week 8 and 16",
        "a signal to look into",
    ):
        assert repr(value) not in cells


def test_what_a_node_leaves_out_is_a_sealed_null() -> None:
    sentence = first_of("case.profiled")
    alliance = before(sentence)
    left_out = {"icd10", "msi", "tmb_per_10mb", "prior_lines"}

    alliance.says(*sentence[:2], {name: value for name, value in sentence.data.items() if name not in left_out})

    opened = alliance.heard[-1].envelope.opened()
    assert {name for name, value in opened.items() if value is None} == left_out
