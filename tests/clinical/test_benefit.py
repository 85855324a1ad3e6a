"""Endpoints are read strictly, and every scale has its own closed list of codes."""

from typing import get_args

import pytest

from ledger.clinical.benefit import RESPONSE_CODES, Criteria, Endpoint
from ledger.errors import MalformedError

DRUP: dict[str, object] = {
    "kind": "benefit",
    "criteria": ["gcig-ca125", "lugano", "recist-1.1"],
    "min_stable_days": 112,
    "window_days": [-7, 14],
    "confirm_days": 28,
    "at_week_16_only": False,
    "evaluator": "investigator",
    "denominator": "evaluable",
    "missing": "not-evaluable",
}


def test_an_endpoint_is_read_as_it_was_adopted() -> None:
    endpoint = Endpoint.parse(DRUP)

    assert endpoint == Endpoint(
        criteria=("gcig-ca125", "lugano", "recist-1.1"),
        min_stable_days=112,
        window_days=(-7, 14),
        confirm_days=28,
        at_week_16_only=False,
        evaluator="investigator",
        denominator="evaluable",
        missing="not-evaluable",
    )


@pytest.mark.parametrize(
    "change",
    [
        {"criteria": list(get_args(Criteria))},
        {"min_stable_days": 1},
        {"window_days": [0, 0]},
        {"window_days": [-112, 0]},
        {"confirm_days": 0},
        {"at_week_16_only": True},
        {"evaluator": "central-first"},
        {"denominator": "treated"},
        {"missing": "no"},
    ],
)
def test_endpoints_may_differ_in_every_member(change: dict[str, object]) -> None:
    assert Endpoint.parse(DRUP | change) != Endpoint.parse(DRUP)


@pytest.mark.parametrize("member", DRUP)
def test_an_endpoint_without_one_of_its_members_is_refused(member: str) -> None:
    content = {name: value for name, value in DRUP.items() if name != member}

    with pytest.raises(MalformedError, match="a benefit has kind 'benefit' and exactly the members criteria, "):
        Endpoint.parse(content)


def test_an_endpoint_with_a_member_to_spare_or_of_another_kind_is_refused() -> None:
    with pytest.raises(MalformedError, match="exactly the members"):
        Endpoint.parse(DRUP | {"version": 2})
    with pytest.raises(MalformedError, match="kind 'benefit'"):
        Endpoint.parse(DRUP | {"kind": "two-stage"})


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("criteria", []),
        ("criteria", "recist-1.1"),
        ("criteria", None),
        ("criteria", {"recist-1.1": True}),
        ("criteria", ["recist-1.0"]),
        ("criteria", ["RECIST-1.1"]),
        ("criteria", [["recist-1.1"]]),
        ("criteria", ["recist-1.1", "lugano"]),
        ("criteria", ["lugano", "lugano"]),
        ("min_stable_days", 0),
        ("min_stable_days", True),
        ("min_stable_days", 112.0),
        ("min_stable_days", "112"),
        ("window_days", []),
        ("window_days", [-7]),
        ("window_days", [-7, 14, 21]),
        ("window_days", [1, 14]),
        ("window_days", [-7, -1]),
        ("window_days", [-113, 14]),
        ("window_days", [False, 14]),
        ("window_days", [-7.0, 14]),
        ("window_days", "07"),
        ("confirm_days", 27),
        ("confirm_days", False),
        ("confirm_days", 28.0),
        ("confirm_days", None),
        ("at_week_16_only", 0),
        ("at_week_16_only", "false"),
        ("at_week_16_only", None),
        ("evaluator", "central"),
        ("evaluator", None),
        ("denominator", "enrolled"),
        ("denominator", 0),
        ("missing", "yes"),
        ("missing", False),
    ],
)
def test_a_member_that_is_not_exactly_right_is_refused_by_name(member: str, value: object) -> None:
    with pytest.raises(MalformedError, match=f"{member} must be|a scale of {member} must be"):
        Endpoint.parse(DRUP | {member: value})


def test_every_scale_that_an_endpoint_may_accept_has_its_codes() -> None:
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
