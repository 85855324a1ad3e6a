"""What a design does at a benefit rate, held against a count of every outcome there is."""

from fractions import Fraction
from itertools import product
from time import perf_counter

import pytest
from designs import DESIGNS, DRUP_PLAN, RATES, distribution, name_of

from ledger.clinical.characteristics import Characteristics, at, carried_on, characteristics
from ledger.clinical.two_stage import LARGEST, Design
from ledger.errors import MalformedError


def test_the_monitoring_plan_of_drup_has_the_characteristics_that_it_was_adopted_for() -> None:
    found = characteristics(DRUP_PLAN)

    assert (found.type_i_error, found.power) == pytest.approx((0.0778, 0.8572), abs=5e-5)
    assert (found.early_stop_p0, found.early_stop_p1) == pytest.approx((0.4305, 0.0576), abs=5e-5)
    assert (found.expected_size_p0, found.expected_size_p1) == pytest.approx((17.11, 23.08), abs=5e-3)


def test_they_hold_only_if_the_looks_come_where_the_design_has_them() -> None:
    on_to_30 = characteristics(carried_on(DRUP_PLAN, 30))

    assert on_to_30.type_i_error == pytest.approx(0.149, abs=5e-4)
    assert carried_on(DRUP_PLAN, 24) == DRUP_PLAN


@pytest.mark.parametrize("n", [-1, 0, 4, 8])
def test_a_rule_is_not_carried_on_to_fewer_patients_than_it_can_decide_on(n: int) -> None:
    with pytest.raises(MalformedError, match="n must be more than 8"):
        carried_on(DRUP_PLAN, n)


@pytest.mark.parametrize("design", DESIGNS, ids=name_of)
def test_characteristics_are_what_a_count_of_every_outcome_gives(design: Design) -> None:
    for rate in RATES:
        chances = distribution(design, rate)

        found = at(design, rate)

        stopped = sum(chance for (stage, _), chance in chances.items() if stage == 1)
        assert sum(chances.values()) == 1
        assert found.signal == sum(chance for (stage, x), chance in chances.items() if stage == 2 and x > design.r)
        assert found.early_stop == stopped
        assert found.expected_size == stopped * design.n1 + (1 - stopped) * design.n


@pytest.mark.parametrize("design", [each for each in DESIGNS if each.n <= 8], ids=name_of)
def test_they_are_what_every_sequence_of_patients_gives(design: Design) -> None:
    rate = Fraction(3, 10)
    signal = stopped = Fraction(0)
    for patients in product([True, False], repeat=design.n):
        chance = Fraction(1)
        for benefits in patients:
            chance *= rate if benefits else 1 - rate
        if sum(patients[: design.n1]) <= design.r1:
            stopped += chance
        elif sum(patients) > design.r:
            signal += chance

    found = at(design, rate)

    assert (found.signal, found.early_stop) == (signal, stopped)


@pytest.mark.parametrize("design", DESIGNS, ids=name_of)
def test_a_designs_own_rates_are_taken_as_percents(design: Design) -> None:
    p0, p1 = (at(design, Fraction(percent, 100)) for percent in (design.p0_percent, design.p1_percent))

    assert characteristics(design) == Characteristics(
        *(float(p0.signal), float(p1.signal), float(p0.early_stop), float(p1.early_stop)),
        *(float(p0.expected_size), float(p1.expected_size)),
    )


def test_a_float_is_the_number_that_it_is() -> None:
    assert at(DRUP_PLAN, 0.1).signal != at(DRUP_PLAN, Fraction(1, 10)).signal
    assert float(at(DRUP_PLAN, 0.1).signal) == pytest.approx(float(at(DRUP_PLAN, Fraction(1, 10)).signal), rel=1e-14)
    assert at(DRUP_PLAN, 0.25) == at(DRUP_PLAN, Fraction(1, 4))


@pytest.mark.parametrize("rate", [-0.01, 1.01, Fraction(-1, 100), Fraction(101, 100), float("nan"), float("inf")])
def test_what_is_no_rate_is_refused(rate: Fraction | float) -> None:
    with pytest.raises(MalformedError, match="from 0 to 1"):
        at(DRUP_PLAN, rate)


def test_the_largest_design_keeps_nobody_waiting() -> None:
    largest = Design(n1=LARGEST // 2, r1=60, n=LARGEST, r=130, p0_percent=20, p1_percent=30)
    begun = perf_counter()

    found = characteristics(largest)

    assert perf_counter() - begun < 2  # it takes ten milliseconds
    assert 0 < found.type_i_error < found.power < 1
