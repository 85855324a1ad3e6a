"""Kaplan-Meier: a table worked by hand, and many random ones held against lifelines, which is another's work."""

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger.clinical.survival import Curve, Followed, Step, kaplan_meier

EXACT = 1e-12
HALF = Fraction(1, 2)

# ten patients: + is censored. 2, 3+, 5, 5, 5+, 8, 11+, 14, 14+, 20+
BY_HAND = [
    *(Followed(day, event=True) for day in (2, 5, 5, 8, 14)),
    *(Followed(day, event=False) for day in (3, 5, 11, 14, 20)),
]


def test_a_table_worked_by_hand() -> None:
    curve = kaplan_meier(reversed(BY_HAND))

    assert [step[:5] for step in map(_told, curve.steps)] == [
        (2, 10, 1, 0, 9 / 10),
        (3, 9, 0, 1, 9 / 10),
        (5, 8, 2, 1, 27 / 40),  # 9/10 · 6/8
        (8, 5, 1, 0, 27 / 50),  # · 4/5
        (11, 4, 0, 1, 27 / 50),
        (14, 3, 1, 1, 9 / 25),  # · 2/3
        (20, 1, 0, 1, 9 / 25),
    ]
    assert (curve.size, curve.events) == (10, 5)
    assert curve.median == 14
    # Greenwood's sum at day 8: 1/(10·9) + 2/(8·6) + 1/(5·4) = 1/90 + 1/24 + 1/20
    error = math.sqrt(1 / 90 + 1 / 24 + 1 / 20) / -math.log(0.54)
    at_8 = curve.steps[3]
    assert at_8.low == pytest.approx(0.54 ** math.exp(1.959963984540054 * error), abs=EXACT)
    assert at_8.high == pytest.approx(0.54 ** math.exp(-1.959963984540054 * error), abs=EXACT)


def test_at_any_day_it_says_how_many_are_at_risk_and_what_part_is_without_the_event() -> None:
    curve = kaplan_meier(BY_HAND)

    assert [curve.at_risk(day) for day in (0, 2, 3, 4, 5, 6, 14, 15, 20, 21)] == [10, 10, 9, 8, 8, 5, 3, 1, 1, 0]
    assert [curve.survival_at(day) for day in (0, 1, 2, 4, 5, 20)] == [1, 1, 0.9, 0.9, 27 / 40, 9 / 25]


def test_past_the_last_day_that_anybody_was_followed_nothing_is_said_unless_nobody_is_left() -> None:
    assert kaplan_meier(BY_HAND).survival_at(21) is None
    assert kaplan_meier([Followed(3, event=True)]).survival_at(21) == 0
    assert kaplan_meier([]).survival_at(1) is None


def test_whoever_is_censored_on_the_day_of_an_event_was_at_risk_of_it() -> None:
    (step,) = kaplan_meier([Followed(7, event=True), Followed(7, event=False)]).steps

    assert (step.at_risk, step.events, step.censored, step.survival) == (2, 1, 1, 0.5)


def test_a_curve_that_is_at_one_half_exactly_has_reached_its_median() -> None:
    # 4/6 · 3/4 is one half, and 0.5000000000000001 as the exponential of a sum of logarithms
    curve = kaplan_meier([Followed(day, event=day in {1, 3}) for day in (1, 1, 3, 4, 19, 36)])

    assert (curve.steps[1].survival, curve.median) == (0.5, 3)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_a_median_that_is_not_reached_is_none(count: int) -> None:
    curve = kaplan_meier([Followed(day, event=False) for day in range(1, count + 1)])

    assert (curve.size, curve.events, len(curve.steps)) == (count, 0, count)
    assert (curve.median, curve.median_low, curve.median_high) == (None, None, None)
    assert all((step.survival, step.low, step.high) == (1, 1, 1) for step in curve.steps)


def test_a_median_ends_where_its_upper_bound_stays_below_one_half() -> None:
    # 60 of 100 have the event day by day, 38 are followed no longer, and of the 2 who are left one has it
    by_day_60 = [Followed(day, event=True) for day in range(1, 61)]
    left = [Followed(90, event=True), Followed(91, event=False)]
    curve = kaplan_meier([*by_day_60, *[Followed(60, event=False)] * 38, *left])

    day_60, day_90, _ = curve.steps[-3:]
    assert day_60.high < 0.5 < day_90.high
    assert (curve.median, curve.median_high) == (50, None)


def test_a_narrower_level_gives_a_narrower_interval() -> None:
    wide, narrow = (kaplan_meier(BY_HAND, level=level).steps[0] for level in (0.95, 0.9))

    assert wide.low < narrow.low < narrow.survival < narrow.high < wide.high


days = st.one_of(st.integers(1, 6), st.integers(1, 400))
patients = st.one_of(
    st.lists(st.builds(Followed, days, st.booleans()), min_size=1, max_size=60),
    st.lists(st.builds(Followed, days, st.just(value=True)), min_size=1, max_size=30),
    st.lists(st.builds(Followed, days, st.just(value=False)), min_size=1, max_size=10),
)


@settings(max_examples=80, deadline=None)
@example([Followed(5, event=True)], 0.95)
@example([Followed(5, event=False)], 0.95)
@example([Followed(5, event=True), Followed(5, event=False)], 0.9)
@example([Followed(1, event=False), Followed(9, event=True)], 0.95)
@example(BY_HAND, 0.95)
@given(patients, st.sampled_from([0.9, 0.95]))
def test_it_is_what_lifelines_says(followed: list[Followed], level: float) -> None:
    curve = kaplan_meier(followed, level=level)
    oracle = lifelines().KaplanMeierFitter()
    oracle.fit([day for day, _ in followed], [event for _, event in followed], alpha=1 - level)

    table = oracle.event_table[["at_risk", "observed", "censored"]].astype(int)
    numbers = [(step.survival, step.low, step.high) for step in curve.steps]
    says = [oracle.survival_function_.to_numpy()[:, 0], *oracle.confidence_interval_.to_numpy().T]
    assert [_told(step)[:4] for step in curve.steps] == list(table.itertuples(name=None))[1:]  # its first is day 0
    assert numbers == [pytest.approx(line, rel=0, abs=EXACT) for line in list(zip(*says, strict=True))[1:]]
    check_median(curve, followed, oracle)


def check_median(curve: Curve, followed: Sequence[Followed], oracle: Any) -> None:
    """The median as lifelines has it, but where the curve meets one half, which it may miss by a rounding; there, and
    everywhere, as fractions have it.
    """
    median_of = lifelines().utils.median_survival_times
    exact = in_fractions(followed)
    assert curve.median == next((day for day, survival in exact if survival <= HALF), None)
    if HALF not in [survival for _, survival in exact]:
        assert curve.median == none_if_infinite(median_of(oracle.survival_function_))
    low, high = median_of(oracle.confidence_interval_).iloc[0]
    if falls([step.low for step in curve.steps]):  # lifelines looks its bounds up as if they always did
        assert curve.median_low == none_if_infinite(low)
    if falls([step.high for step in curve.steps]):
        assert curve.median_high == none_if_infinite(high)


def in_fractions(followed: Sequence[Followed]) -> list[tuple[int, Fraction]]:
    """Day and survival, by the definition: a product over days."""
    survival, steps = Fraction(1), []
    for day in sorted({each.day for each in followed}):
        at_risk = sum(each.day >= day for each in followed)
        survival *= 1 - Fraction(sum(each == (day, True) for each in followed), at_risk)
        steps.append((day, survival))
    return steps


def falls(bounds: Sequence[float]) -> bool:
    return all(after <= before for before, after in pairwise(bounds))


def none_if_infinite(day: float) -> int | None:
    return None if math.isinf(day) else int(day)


@cache
def lifelines() -> Any:
    """Imported when it is needed: it takes a second or two."""
    import lifelines  # noqa: PLC0415 - as above
    import lifelines.utils  # noqa: PLC0415 - as above

    return lifelines


def _told(step: Step) -> tuple[int, int, int, int, float]:
    return step.day, step.at_risk, step.events, step.censored, step.survival
