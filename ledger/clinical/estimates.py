"""STAND-IN for builder A's: the shapes only."""

from dataclasses import dataclass
from typing import Literal

from ledger.clinical.two_stage import Design

Situation = Literal["interim", "stopped-at-stage-1", "completed", "not-followed"]
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Naive:
    point: float | None
    interval_95: Interval | None
    interval_90: Interval | None


@dataclass(frozen=True, slots=True)
class Estimate:
    benefits: int
    evaluable: int
    point: float | None
    estimator: Literal["UMVUE", "proportion"]
    interval_95: Interval | None
    interval_90: Interval | None
    interval_kind: Literal["Koyama-Chen", "Clopper-Pearson"] | None
    p_value: float | None
    naive: Naive
    label: str


def clopper_pearson(benefits: int, evaluable: int, level: float) -> Interval:
    return (0.0, 1.0 if benefits <= evaluable and level else 0.0)


def estimate(design: Design, situation: Situation, *, benefits: int, evaluable: int) -> Estimate:
    assert design
    point = benefits / evaluable if evaluable else None
    return Estimate(
        benefits, evaluable, point, "proportion", None, None, None, None, Naive(point, None, None), situation
    )
