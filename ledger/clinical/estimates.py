"""The benefit rate that a two-stage trial found, told by how the trial went.

A trial that may stop early finds, on average, other proportions than the rate is. One that was completed as designed is
told by the estimate that is right on average (UMVUE: Jung & Kim 2004, Statistics in Medicine 23, 881-896), with the
p-value and the interval that order its outcomes by stage, and then by benefits (Koyama & Chen 2008, Statistics in
Medicine 27, 3145-3154). One that stopped at its first look is told by the proportion, with the interval of Clopper &
Pearson (1934, Biometrika 26, 404-413): in that order of outcomes, these are the same. Of any other nothing is known
that could be adjusted: the proportion stands, and the label says what it is.

Intervals are two-sided, with half the error on each side, and cover the rate at least as often as they say. Those that
Koyama & Chen print do not: their upper limit is where the chance of *fewer* benefits is half the error, as if what was
found could not have been found. For DRUP's plan, one of 95 % covers a rate of 0.475 in 92.5 % of trials. Here what was
found counts on both sides, as with Clopper & Pearson; the other is `printed_upper_limit`, for who compares.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from ledger.clinical.tails import Tails, of_completed, of_patients
from ledger.clinical.two_stage import Design
from ledger.errors import MalformedError

Situation = Literal["interim", "stopped-at-stage-1", "completed", "not-followed"]
Interval = tuple[float, float]

_LABELS: Mapping[Situation, str] = {
    "interim": "interim, not adjusted",
    "stopped-at-stage-1": "stopped at stage 1",
    "completed": "completed, adjusted for the look at stage 1",
    "not-followed": "design not followed",
}


@dataclass(frozen=True, slots=True)
class Naive:
    """The proportion with intervals of Clopper & Pearson, as if nobody had looked before. None: nobody is evaluable."""

    point: float | None
    interval_95: Interval | None
    interval_90: Interval | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """`benefits` of `evaluable` patients, and the rate that this speaks for.

    interval_95, interval_90: None where the design was not followed, as none is known that keeps its level. printed_95,
    printed_90: of a completed trial, as the paper and other programs have them; see above. p_value: where the rate is
    p0, the chance of this outcome or of one further on; None unless the trial ended as designed.
    """

    benefits: int
    evaluable: int
    point: float | None
    estimator: Literal["UMVUE", "proportion"]
    interval_95: Interval | None
    interval_90: Interval | None
    interval_kind: Literal["Koyama-Chen", "Clopper-Pearson"] | None
    printed_95: Interval | None
    printed_90: Interval | None
    p_value: float | None
    naive: Naive
    label: str


def estimate(design: Design, situation: Situation, *, benefits: int, evaluable: int) -> Estimate:
    """Raises MalformedError for counts that cannot come in this situation."""
    if not 0 <= benefits <= evaluable:
        raise MalformedError("benefits must be from 0 to the number of evaluable patients")
    naive = naive_of(benefits, evaluable)
    bare = Estimate(
        *(benefits, evaluable, naive.point, "proportion"),
        *(None, None, None, None, None, None),
        *(naive, _LABELS[situation]),
    )
    match situation:
        case "not-followed":
            return bare
        case "interim":
            return _by_clopper_pearson(bare) if evaluable else bare
        case "stopped-at-stage-1":
            _check(design, stage=1, benefits=benefits, evaluable=evaluable)
            p_value = of_patients(design.n1).at_least(benefits, _p0(design))
            return replace(_by_clopper_pearson(bare), estimator="UMVUE", p_value=float(p_value))
        case "completed":
            _check(design, stage=2, benefits=benefits, evaluable=evaluable)
            of_95, of_90 = (koyama_chen(design, benefits, level) for level in (0.95, 0.9))
            return replace(
                bare,
                point=float(umvue(design, benefits)),
                estimator="UMVUE",
                interval_95=of_95,
                interval_90=of_90,
                interval_kind="Koyama-Chen",
                printed_95=(of_95[0], printed_upper_limit(design, benefits, 0.95)),
                printed_90=(of_90[0], printed_upper_limit(design, benefits, 0.9)),
                p_value=float(p_value_of(design, benefits)),
            )


def naive_of(benefits: int, evaluable: int) -> Naive:
    if not evaluable:
        return Naive(None, None, None)
    of_95, of_90 = (clopper_pearson(benefits, evaluable, level) for level in (0.95, 0.9))
    return Naive(benefits / evaluable, of_95, of_90)


def clopper_pearson(x: int, n: int, level: float) -> Interval:
    """The interval for the rate behind `x` of `n` patients, where nobody looked before the end.

    level: 0.95 for a 95 % interval. Raises MalformedError unless 0 <= x <= n, 0 < n and 0 < level < 1.
    """
    if not 0 <= x <= n or not n:
        raise MalformedError("an interval is for some of one or more patients")
    return _interval(of_patients(n), x, level)


def umvue(design: Design, benefits: int) -> Fraction:
    """The estimate that is right on average, of a completed design: of all orders in which `benefits` of `n` patients
    may benefit so that stage 1 goes on, the mean proportion in stage 1 (Jung & Kim 2004, by Rao & Blackwell).
    """
    _check(design, stage=2, benefits=benefits, evaluable=design.n)
    rest = of_patients(design.n - design.n1).ways
    others = of_patients(design.n1 - 1).ways  # of stage 1, where one patient is known to benefit
    first = range(max(design.r1 + 1, benefits - len(rest) + 1), min(design.n1, benefits) + 1)
    with_that_one = sum(others[count - 1] * rest[benefits - count] for count in first)
    return Fraction(with_that_one, of_completed(design).ways[benefits])


def p_value_of(design: Design, benefits: int) -> Fraction:
    """Of a completed design, one-sided. At `r` + 1 benefits it is the type I error (Koyama & Chen 2008)."""
    _check(design, stage=2, benefits=benefits, evaluable=design.n)
    return of_completed(design).at_least(benefits, _p0(design))


def koyama_chen(design: Design, benefits: int, level: float) -> Interval:
    """The interval of a completed design. level: as of `clopper_pearson`."""
    _check(design, stage=2, benefits=benefits, evaluable=design.n)
    return _interval(of_completed(design), benefits, level)


def printed_upper_limit(design: Design, benefits: int, level: float) -> float:
    """The upper limit of that interval as the paper has it, with which it covers less often than it says. The lower is
    the same.
    """
    _check(design, stage=2, benefits=benefits, evaluable=design.n)
    return float(of_completed(design).upper_limit(benefits - 1, _error(level)))


def _interval(tails: Tails, benefits: int, level: float) -> Interval:
    error = _error(level)
    return float(tails.lower_limit(benefits, error)), float(tails.upper_limit(benefits, error))


def _error(level: float) -> Fraction:
    """The error on each side."""
    if not 0 < level < 1:
        raise MalformedError("a level is between 0 and 1")
    return (1 - Fraction(level).limit_denominator(10**6)) / 2  # 0.95 as it is meant


def _by_clopper_pearson(bare: Estimate) -> Estimate:
    naive = bare.naive
    return replace(bare, interval_95=naive.interval_95, interval_90=naive.interval_90, interval_kind="Clopper-Pearson")


def _check(design: Design, *, stage: Literal[1, 2], benefits: int, evaluable: int) -> None:
    """Raise MalformedError unless the design can end so at the end of this stage."""
    if evaluable != design.size_of(stage):
        raise MalformedError(f"stage {stage} of the design ends at {design.size_of(stage)} evaluable patients")
    if stage == 1 and benefits > design.r1:
        raise MalformedError(f"stage 1 of the design stops at {design.r1} benefits or fewer")
    if stage == 2 and not design.r1 < benefits <= design.n:  # noqa: PLR2004 - the second of two
        raise MalformedError(f"a design is completed with more than {design.r1} benefits, and no more than patients")


def _p0(design: Design) -> Fraction:
    return Fraction(design.p0_percent, 100)
