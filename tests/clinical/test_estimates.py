"""What a design's outcomes say of the benefit rate, held against the distribution of all of them."""

from fractions import Fraction
from itertools import pairwise

import pytest
from designs import DESIGNS, DRUP_PLAN, RATES, RULES_OF_STAGE_1, Outcome, distribution, name_of
from scipy.stats import beta  # type: ignore[import-untyped]  # it has no types of its own

from ledger.clinical.characteristics import at, characteristics
from ledger.clinical.estimates import (
    Estimate,
    Interval,
    Situation,
    clopper_pearson,
    estimate,
    koyama_chen,
    p_value_of,
    printed_upper_limit,
    umvue,
)
from ledger.clinical.tails import GRID
from ledger.clinical.two_stage import Design
from ledger.errors import MalformedError

ROOM = Fraction(1, GRID)
SITUATIONS: dict[int, Situation] = {1: "stopped-at-stage-1", 2: "completed"}


def outcomes_of(design: Design) -> list[Outcome]:
    """In the order of the stages, and then of benefits."""
    return [*distribution(design, Fraction(1, 2))]


def said_at(design: Design, outcome: Outcome) -> Estimate:
    stage, benefits = outcome
    return estimate(design, SITUATIONS[stage], benefits=benefits, evaluable=design.size_of(stage))


def exactly(interval: Interval | None) -> tuple[Fraction, Fraction]:
    assert interval is not None
    low, high = (Fraction(round(limit * GRID), GRID) for limit in interval)
    assert (float(low), float(high)) == interval
    return low, high


# ------------------------------------------------------------------ anchors


def test_what_5_of_24_say_under_the_monitoring_plan_of_drup() -> None:
    found = estimate(DRUP_PLAN, "completed", benefits=5, evaluable=24)

    assert found.point == pytest.approx(0.2322, abs=5e-5)
    assert found.estimator == "UMVUE"
    assert found.p_value == characteristics(DRUP_PLAN).type_i_error
    assert found.printed_95 == pytest.approx((0.0731, 0.4053), abs=5e-5)
    assert found.interval_95 == pytest.approx((0.0731, 0.4375), abs=5e-5)
    assert found.interval_90 == pytest.approx((0.0881, 0.4013), abs=5e-5)
    assert found.interval_kind == "Koyama-Chen"
    assert found.naive.point == 5 / 24
    assert found.naive.interval_95 == clopper_pearson(5, 24, 0.95)
    assert found.naive.interval_90 == clopper_pearson(5, 24, 0.9)


def test_one_of_24_was_one_of_eight() -> None:
    assert umvue(DRUP_PLAN, 1) == Fraction(1, 8)


# ------------------------------------------------------------------ invariants


@pytest.mark.parametrize("design", DESIGNS, ids=name_of)
def test_the_estimate_is_right_on_average_at_every_rate(design: Design) -> None:
    points = {outcome: said_at(design, outcome).point or 0.0 for outcome in outcomes_of(design)}
    exact = {(stage, x): umvue(design, x) if stage == 2 else Fraction(x, design.n1) for stage, x in points}

    for rate in RATES:
        chances = distribution(design, rate)
        mean = sum(chance * Fraction(points[outcome]) for outcome, chance in chances.items())

        assert abs(mean - rate) < Fraction(1, 10**12)
        assert sum(chance * exact[outcome] for outcome, chance in chances.items()) == rate


@pytest.mark.parametrize("design", DESIGNS, ids=name_of)
def test_the_p_value_is_the_chance_of_such_an_outcome_or_one_further_on(design: Design) -> None:
    p0 = Fraction(design.p0_percent, 100)
    chances = distribution(design, p0)

    found = [said_at(design, outcome).p_value for outcome in chances]

    assert found == [float(sum([*chances.values()][place:])) for place in range(len(chances))]
    assert p_value_of(design, design.r + 1) == at(design, p0).signal
    assert said_at(design, (2, design.r + 1)).p_value == characteristics(design).type_i_error


@pytest.mark.parametrize("level", [95, 90])
@pytest.mark.parametrize("design", RULES_OF_STAGE_1, ids=name_of)
def test_intervals_cover_at_least_their_level_and_are_no_wider_than_they_must_be(design: Design, level: int) -> None:
    error = (1 - Fraction(level, 100)) / 2
    said = {outcome: said_at(design, outcome) for outcome in outcomes_of(design)}
    limits = {outcome: exactly(each.interval_95 if level == 95 else each.interval_90) for outcome, each in said.items()}
    edges = {limit for each in limits.values() for limit in each}
    grid = {*RATES, *edges, *(edge - ROOM for edge in edges), *(edge + ROOM for edge in edges)}
    chances = {rate: distribution(design, rate) for rate in grid if 0 <= rate <= 1}

    for rate, likely in chances.items():
        assert sum(chance for outcome, chance in likely.items() if limits[outcome][0] > rate) <= error
        assert sum(chance for outcome, chance in likely.items() if limits[outcome][1] < rate) <= error
    for outcome, (low, high) in limits.items():
        assert sum(chance for other, chance in chances[low + ROOM].items() if other >= outcome) > error
        assert sum(chance for other, chance in chances[high - ROOM].items() if other <= outcome) > error


@pytest.mark.parametrize("design", DESIGNS, ids=name_of)
def test_more_in_the_order_of_outcomes_never_says_less(design: Design) -> None:
    said = [said_at(design, outcome) for outcome in outcomes_of(design)]

    for less, more in pairwise(said):
        assert less.p_value is not None
        assert more.p_value is not None
        assert less.p_value > more.p_value
        for narrower, wider in ((less.interval_95, more.interval_95), (less.interval_90, more.interval_90)):
            assert all(a <= b for a, b in zip(exactly(narrower), exactly(wider), strict=True))
    for each in said:
        (low, high), (low_90, high_90) = exactly(each.interval_95), exactly(each.interval_90)
        assert low <= low_90 < high_90 <= high


@pytest.mark.parametrize(
    "design", [each for each in RULES_OF_STAGE_1 if each.n1 > 1 and each.r1 <= each.n1 // 4], ids=name_of
)
def test_an_interval_holds_its_estimate_where_stage_1_does_not_ask_for_nearly_everybody(design: Design) -> None:
    for outcome in outcomes_of(design):
        found = said_at(design, outcome)
        assert found.interval_90 is not None
        assert found.point is not None
        assert found.interval_90[0] <= found.point <= found.interval_90[1]


def test_the_intervals_of_the_paper_fall_short_of_their_level() -> None:
    rate = Fraction(475, 1000)
    chances = distribution(DRUP_PLAN, rate)

    covered = chances[1, 0] * 0 + sum(
        chance
        for (stage, x), chance in chances.items()
        if stage == 2 and koyama_chen(DRUP_PLAN, x, 0.95)[0] <= rate <= printed_upper_limit(DRUP_PLAN, x, 0.95)
    )

    assert float(covered) == pytest.approx(0.925, abs=5e-4)


# ------------------------------------------------------------------ Clopper & Pearson


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("n", [1, 2, 8, 24, 40, 100, 500, 2000])
def test_clopper_and_pearsons_limits_are_quantiles_of_the_beta_distribution(n: int, level: float) -> None:
    error = (1 - level) / 2
    for x in {*range(0, n, max(1, n // 40)), n}:
        low, high = clopper_pearson(x, n, level)

        assert low == pytest.approx(beta.ppf(error, x, n - x + 1) if x else 0, abs=1.1e-9)
        assert high == pytest.approx(beta.isf(error, x + 1, n - x) if x < n else 1, abs=1.1e-9)


def test_a_limit_that_lies_on_the_grid_is_met_and_not_passed_by() -> None:
    assert clopper_pearson(0, 1, 0.95) == (0, 0.975)
    assert clopper_pearson(1, 1, 0.95) == (0.025, 1)
    assert clopper_pearson(2, 2, 0.5) == (0.5, 1)


def test_stage_1_is_told_by_the_same_interval_whether_the_order_of_stages_counts_or_not() -> None:
    found = estimate(DRUP_PLAN, "stopped-at-stage-1", benefits=0, evaluable=8)

    assert found.interval_95 == found.naive.interval_95 == clopper_pearson(0, 8, 0.95)
    assert (found.point, found.interval_kind, found.p_value) == (0, "Clopper-Pearson", 1)
    assert found.printed_95 is None


# ------------------------------------------------------------------ situations


def test_while_it_runs_a_trial_is_told_by_its_proportion_and_not_adjusted() -> None:
    found = estimate(DRUP_PLAN, "interim", benefits=3, evaluable=11)

    assert (found.point, found.estimator, found.label) == (3 / 11, "proportion", "interim, not adjusted")
    assert (found.interval_95, found.interval_90) == (clopper_pearson(3, 11, 0.95), clopper_pearson(3, 11, 0.9))
    assert (found.interval_kind, found.p_value) == ("Clopper-Pearson", None)


def test_of_a_design_that_was_not_followed_only_the_naive_proportion_is_told() -> None:
    found = estimate(DRUP_PLAN, "not-followed", benefits=6, evaluable=30)

    assert (found.point, found.estimator, found.label) == (0.2, "proportion", "design not followed")
    assert (found.interval_95, found.interval_90, found.interval_kind, found.p_value) == (None, None, None, None)
    assert found.naive.interval_95 == clopper_pearson(6, 30, 0.95)


@pytest.mark.parametrize("situation", ["interim", "not-followed"])
def test_of_nobody_nothing_is_told(situation: Situation) -> None:
    found = estimate(DRUP_PLAN, situation, benefits=0, evaluable=0)

    assert (found.point, found.interval_95, found.interval_kind, found.p_value) == (None, None, None, None)
    assert (found.naive.point, found.naive.interval_95, found.naive.interval_90) == (None, None, None)


@pytest.mark.parametrize(
    ("situation", "benefits", "evaluable", "because"),
    [
        ("interim", 4, 3, "benefits must be from 0"),
        ("interim", -1, 3, "benefits must be from 0"),
        ("interim", 0, -1, "benefits must be from 0"),
        ("not-followed", 25, 24, "benefits must be from 0"),
        ("completed", 25, 24, "benefits must be from 0"),
        ("completed", 5, 23, "stage 2 of the design ends at 24"),
        ("completed", 5, 25, "stage 2 of the design ends at 24"),
        ("completed", 0, 24, "completed with more than 0 benefits"),
        ("stopped-at-stage-1", 0, 7, "stage 1 of the design ends at 8"),
        ("stopped-at-stage-1", 0, 24, "stage 1 of the design ends at 8"),
        ("stopped-at-stage-1", 1, 8, "stops at 0 benefits or fewer"),
    ],
)
def test_counts_that_cannot_come_in_a_situation_are_refused(
    situation: Situation, benefits: int, evaluable: int, because: str
) -> None:
    with pytest.raises(MalformedError, match=because):
        estimate(DRUP_PLAN, situation, benefits=benefits, evaluable=evaluable)


@pytest.mark.parametrize("benefits", [-1, 0, 25])
def test_no_part_of_an_estimate_is_given_for_what_a_completed_design_cannot_find(benefits: int) -> None:
    for part in (umvue, p_value_of):
        with pytest.raises(MalformedError, match="completed with more than 0"):
            part(DRUP_PLAN, benefits)
    for of_level in (koyama_chen, printed_upper_limit):
        with pytest.raises(MalformedError, match="completed with more than 0"):
            of_level(DRUP_PLAN, benefits, 0.95)


@pytest.mark.parametrize(("x", "n"), [(-1, 8), (9, 8), (0, 0), (0, -1)])
def test_an_interval_is_for_some_of_somebody(x: int, n: int) -> None:
    with pytest.raises(MalformedError, match="some of one or more"):
        clopper_pearson(x, n, 0.95)


@pytest.mark.parametrize("level", [-0.1, 0, 1, 95, float("nan")])
def test_a_level_is_no_percentage(level: float) -> None:
    with pytest.raises(MalformedError, match="between 0 and 1"):
        clopper_pearson(1, 8, level)
