"""Every scale has its own closed list of codes, in order, each of one kind."""

from typing import get_args

import pytest

from ledger.clinical.responses import RESPONSE_CODES, Criteria, Kind, is_response, kind_of, rank, stable_instead
from ledger.errors import MalformedError

SCALES: tuple[Criteria, ...] = get_args(Criteria)


def test_every_scale_has_its_codes() -> None:
    assert sorted(RESPONSE_CODES) == list(get_args(Criteria))


def test_not_evaluable_is_a_code_of_every_scale() -> None:
    assert all("NE" in codes for codes in RESPONSE_CODES.values())


@pytest.mark.parametrize(
    ("criteria", "progression"),
    [
        ("recist-1.1", {"PD"}),
        ("irecist", {"PD", "iCPD"}),
        ("rano", {"PD"}),
        ("lugano", {"PD", "PMD"}),
        ("pcwg3", {"PD"}),
        ("gcig-ca125", {"PD"}),
        ("imwg", {"PD"}),
    ],
)
def test_each_scale_names_progression_in_its_own_words_only(criteria: str, progression: set[str]) -> None:
    words = {"PD", "PMD", "iCPD"}

    assert RESPONSE_CODES[criteria] & words == progression


def test_irecist_adds_its_own_codes_to_those_of_recist() -> None:
    assert RESPONSE_CODES["recist-1.1"] < RESPONSE_CODES["irecist"]
    assert {"iUPD", "iCPD"} < RESPONSE_CODES["irecist"]


@pytest.mark.parametrize(
    ("criteria", "best_first"),
    [
        ("recist-1.1", "CR PR SD NON-CR/NON-PD PD NE"),
        ("irecist", "CR iCR PR iPR SD iSD NON-CR/NON-PD NON-iCR/NON-iUPD iUPD PD iCPD NE"),
        ("rano", "CR PR SD PD NE"),
        ("lugano", "CMR CR PMR PR NMR SD PMD PD NE"),
        ("pcwg3", "CR PR SD NON-CR/NON-PD PDu PD NE"),
        ("gcig-ca125", "CR PR SD PD NE"),
        ("imwg", "sCR CR VGPR PR MR SD PD NE"),
    ],
)
def test_the_codes_of_a_scale_stand_best_first(criteria: Criteria, best_first: str) -> None:
    assert sorted(RESPONSE_CODES[criteria], key=lambda code: rank(criteria, code)) == best_first.split()


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("complete", {"CR", "iCR", "CMR", "sCR"}),
        ("partial", {"PR", "iPR", "PMR", "VGPR"}),
        ("stable", {"SD", "iSD", "NMR", "MR", "NON-CR/NON-PD", "NON-iCR/NON-iUPD"}),
        ("unconfirmed-progression", {"iUPD", "PDu"}),
        ("progression", {"PD", "PMD", "iCPD"}),
        ("not-evaluable", {"NE"}),
    ],
)
def test_each_kind_has_these_codes_on_whatever_scale(kind: Kind, codes: set[str]) -> None:
    assert {code for scale in SCALES for code in RESPONSE_CODES[scale] if kind_of(scale, code) == kind} == codes


def test_a_response_is_complete_or_partial() -> None:
    responses = {code for scale in SCALES for code in RESPONSE_CODES[scale] if is_response(scale, code)}

    assert responses == {"CR", "iCR", "CMR", "sCR", "PR", "iPR", "PMR", "VGPR"}


def test_any_response_is_better_than_any_stable_disease_whatever_the_scales() -> None:
    assert max(rank(scale, "PR") for scale in SCALES) < min(rank(scale, "SD") for scale in SCALES)
    assert rank("imwg", "PR") < rank("imwg", "MR")


def test_an_unconfirmed_response_counts_as_what_its_own_scale_calls_stable() -> None:
    for scale in SCALES:
        for code in RESPONSE_CODES[scale]:
            if is_response(scale, code):
                assert kind_of(scale, stable_instead(code)) == "stable"


def test_a_code_of_another_scale_is_refused_without_being_repeated() -> None:
    with pytest.raises(MalformedError, match=r"no code of recist-1\.1; its codes are CR, PR") as refused:
        kind_of("recist-1.1", "iUPD")

    assert "iUPD" not in str(refused.value)
