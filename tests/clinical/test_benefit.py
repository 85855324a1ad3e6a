"""Endpoints are read strictly. What they make of a course is in courses.md."""

from typing import get_args

import pytest

from ledger.clinical.benefit import Endpoint
from ledger.clinical.responses import Criteria
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
