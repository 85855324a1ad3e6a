"""What a two-stage design does at a given benefit rate, exactly (Simon 1989, Controlled Clinical Trials 10, 1-10).

All of it holds only if the looks come where the design has them. The same bounds with another number of patients are
another design, with other characteristics: see `carried_on`.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

from ledger.clinical.tails import of_completed, of_patients
from ledger.clinical.two_stage import Design
from ledger.errors import MalformedError


@dataclass(frozen=True, slots=True)
class AtRate:
    """signal: the chance of more than `r` benefits in all, after a first look that did not stop. early_stop: the chance
    to stop at the first look. expected_size: evaluable patients, on average.
    """

    rate: Fraction
    signal: Fraction
    early_stop: Fraction
    expected_size: Fraction


@dataclass(frozen=True, slots=True)
class Characteristics:
    """type_i_error: the chance of a signal where the rate is p0, which is not worth pursuing; power: where it is p1."""

    type_i_error: float
    power: float
    early_stop_p0: float
    early_stop_p1: float
    expected_size_p0: float
    expected_size_p1: float


def characteristics(design: Design) -> Characteristics:
    p0, p1 = (at(design, Fraction(percent, 100)) for percent in (design.p0_percent, design.p1_percent))
    return Characteristics(
        type_i_error=float(p0.signal),
        power=float(p1.signal),
        early_stop_p0=float(p0.early_stop),
        early_stop_p1=float(p1.early_stop),
        expected_size_p0=float(p0.expected_size),
        expected_size_p1=float(p1.expected_size),
    )


def at(design: Design, rate: Fraction | float) -> AtRate:
    """What the design does where each patient benefits with this chance. A float is taken for the number that it is,
    which for 0.1 is not a tenth.

    Raises MalformedError unless 0 <= rate <= 1.
    """
    if not 0 <= rate <= 1:
        raise MalformedError("a benefit rate is from 0 to 1")
    exact = Fraction(rate)
    goes_on = of_patients(design.n1).at_least(design.r1 + 1, exact)
    return AtRate(
        rate=exact,
        signal=of_completed(design).at_least(design.r + 1, exact),
        early_stop=1 - goes_on,
        expected_size=design.n1 + goes_on * (design.n - design.n1),
    )


def carried_on(design: Design, n: int) -> Design:
    """The same bounds, looked at again after `n` patients in all: what a trial does that goes on past its design.

    Raises MalformedError where the second look would not come after the first, or could not find more than `r`.
    """
    if n <= max(design.n1, design.r):
        raise MalformedError(f"n must be more than {max(design.n1, design.r)}, or it is no second look")
    return replace(design, n=n)
