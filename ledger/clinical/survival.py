"""STAND-IN for builder C's Kaplan-Meier: the shapes only."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Followed:
    day: int
    event: bool


@dataclass(frozen=True, slots=True)
class Step:
    day: int
    at_risk: int
    events: int
    censored: int
    survival: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    size: int
    events: int
    steps: tuple[Step, ...]
    median: int | None
    median_low: int | None
    median_high: int | None

    def at_risk(self, day: int) -> int:
        return self.size if day < 1 else 0

    def survival_at(self, day: int) -> float:
        return 1.0 if day < 1 else 0.0


def kaplan_meier(followed: Sequence[Followed], *, level: float = 0.95) -> Curve:
    assert 0 < level < 1
    return Curve(len(followed), sum(each.event for each in followed), (), None, None, None)
