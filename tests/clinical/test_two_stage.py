"""The design's bare rule: when to look, and what may then be decided."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.clinical.two_stage import LARGEST, Design, decisions_allowed
from ledger.errors import MalformedError

DRUP: dict[str, object] = {"kind": "two-stage", "n1": 8, "r1": 0, "n": 24, "r": 4, "p0_percent": 10, "p1_percent": 30}


def test_the_monitoring_plan_of_drup_is_read() -> None:
    design = Design.parse(DRUP)

    assert design == Design(n1=8, r1=0, n=24, r=4, p0_percent=10, p1_percent=30)


@pytest.mark.parametrize("member", DRUP)
def test_a_design_without_one_of_its_members_is_refused(member: str) -> None:
    content = {name: value for name, value in DRUP.items() if name != member}

    with pytest.raises(MalformedError, match="exactly the members n1, r1, n, r, p0_percent, p1_percent"):
        Design.parse(content)


def test_a_design_with_a_member_to_spare_is_refused() -> None:
    with pytest.raises(MalformedError, match="exactly the members"):
        Design.parse(DRUP | {"stop_for_success": True})


@pytest.mark.parametrize("kind", ["three-stage", "benefit", None, ["two-stage"]])
def test_content_of_another_kind_is_no_design(kind: object) -> None:
    with pytest.raises(MalformedError, match="kind 'two-stage'"):
        Design.parse(DRUP | {"kind": kind})


@pytest.mark.parametrize("value", [True, False, 8.0, "8", None, [8], -1])
@pytest.mark.parametrize("member", ["n1", "r1", "n", "r", "p0_percent", "p1_percent"])
def test_what_is_no_integer_in_range_is_refused_by_name(member: str, value: object) -> None:
    with pytest.raises(MalformedError, match=f"^{member} must be an integer from"):
        Design.parse(DRUP | {member: value})


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"n1": 0}, "n1"),
        ({"n1": 24}, "n1"),
        ({"r1": 8}, "r1"),
        ({"n": LARGEST + 1}, "n"),
        ({"r": 24}, "r"),
        ({"r1": 5}, "r"),
        ({"p0_percent": 0}, "p0_percent"),
        ({"p0_percent": 30}, "p0_percent"),
        ({"p1_percent": 100}, "p1_percent"),
    ],
)
def test_a_design_that_contradicts_itself_is_refused(change: dict[str, object], named: str) -> None:
    with pytest.raises(MalformedError, match=f"^{named} must be"):
        Design.parse(DRUP | change)


@given(st.tuples(*[st.integers(-1, 6)] * 4), st.tuples(*[st.sampled_from([-1, 0, 1, 2, 98, 99, 100])] * 2))
def test_exactly_the_designs_that_order_their_numbers_are_read(sizes: tuple[int, ...], rates: tuple[int, ...]) -> None:
    content = dict(zip(DRUP, ("two-stage", *sizes, *rates), strict=True))
    n1, r1, n, r = sizes
    p0, p1 = rates

    try:
        Design.parse(content)
        is_read = True
    except MalformedError:
        is_read = False

    assert is_read == (0 <= r1 < n1 < n and r1 <= r < n and 0 < p0 < p1 < 100)


def test_the_looks_come_at_the_ends_of_both_stages() -> None:
    design = Design.parse(DRUP)

    assert (design.size_of(1), design.size_of(2)) == (8, 24)


@pytest.mark.parametrize("stage", [0, 3])
def test_a_stage_that_the_design_does_not_have_has_no_size_and_no_decision(stage: int) -> None:
    design = Design.parse(DRUP)

    with pytest.raises(KeyError):
        design.size_of(stage)
    with pytest.raises(KeyError):
        decisions_allowed(design, stage, 0)


@pytest.mark.parametrize(
    ("stage", "benefits", "allowed"),
    [
        (1, 0, {"close-futility"}),
        (1, 1, {"expand"}),
        (1, 8, {"expand"}),
        (2, 1, {"close-no-activity"}),
        (2, 4, {"close-no-activity"}),
        (2, 5, {"success", "stage-3"}),
        (2, 24, {"success", "stage-3"}),
    ],
)
def test_the_design_allows_what_its_bounds_say(stage: int, benefits: int, allowed: set[str]) -> None:
    design = Design.parse(DRUP)

    assert decisions_allowed(design, stage, benefits) == allowed
