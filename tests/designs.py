"""Designs of all shapes, and what they do, counted out naively: one outcome after another."""

from collections.abc import Iterator
from fractions import Fraction
from math import comb

from ledger.clinical.two_stage import Design

DRUP_PLAN = Design(n1=8, r1=0, n=24, r=4, p0_percent=10, p1_percent=30)
RATES = [Fraction(percent, 100) for percent in (0, 1, 5, 10, 25, 30, 50, 80, 97, 100)]

Outcome = tuple[int, int]  # the stage that it ended at, and benefits in all


def _shapes() -> Iterator[Design]:
    for n in (2, 3, 5, 8, 13, 24, 40):
        for n1 in sorted({1, max(1, n // 3), n - 1}):
            for r1 in sorted({0, n1 // 4, n1 - 1}):
                for r in sorted({r1, max(r1, n // 5), n - 1}):
                    yield Design(n1, r1, n, r, p0_percent=10 + n1 % 3 * 10, p1_percent=45)


DESIGNS = [DRUP_PLAN, *_shapes()]
RULES_OF_STAGE_1 = [*{(each.n1, each.r1, each.n): each for each in DESIGNS}.values()]  # `r` is no part of an interval


def name_of(design: Design) -> str:
    return f"{design.r1} of {design.n1}, {design.r} of {design.n}"


def distribution(design: Design, rate: Fraction) -> dict[Outcome, Fraction]:
    """How likely each outcome is, from every pair of what stage 1 and the patients after it may find; in the order of
    the stages, and then of benefits.
    """
    found: dict[Outcome, int] = {}
    rest = _orders(design.n - design.n1, rate)
    for first, in_stage_1 in enumerate(_orders(design.n1, rate)):
        for second, after_it in enumerate(rest):
            outcome = (1, first) if first <= design.r1 else (2, first + second)
            found[outcome] = found.get(outcome, 0) + in_stage_1 * after_it
    return {outcome: Fraction(found[outcome], rate.denominator**design.n) for outcome in sorted(found)}


def _orders(size: int, rate: Fraction) -> list[int]:
    """How likely each number of benefits is, in parts of the rate's denominator to the power of `size`."""
    yes, no = rate.numerator, rate.denominator - rate.numerator
    return [comb(size, benefits) * yes**benefits * no ** (size - benefits) for benefits in range(size + 1)]
