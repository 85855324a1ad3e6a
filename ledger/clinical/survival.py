"""Time to an event: what part of patients is still without it, day by day, where some were not followed to the end.

The curve is Kaplan and Meier's (J Am Stat Assoc 1958; 53: 457-481), its variance Greenwood's (Reports on Public Health
and Medical Subjects 1926; 33: 1-26). Intervals are taken on the log-log scale (Kalbfleisch and Prentice, The
Statistical Analysis of Failure Time Data, 1980, chapter 1), where they stay within 0 and 1, and the median's is the
days at which that of the curve holds one half (Brookmeyer and Crowley, Biometrics 1982; 38: 29-41).

It counts and computes; which event is meant, from which day and in whom, is the caller's to say beside it. Whether
patients left for a reason that has to do with the event is nothing that a curve can show.
"""

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple


class Followed(NamedTuple):
    """One patient. day: of the event, or, where `event` is false, the last on which it was known not to have come.

    Days of all patients are counted from the same beginning: of each one's treatment, as a rule.
    """

    day: int
    event: bool


@dataclass(frozen=True, slots=True)
class Step:
    """A day on which an event came, or somebody was followed no longer (a censoring mark), or both.

    at_risk: patients without the event just before, those who leave on the day among them. survival: from that day on,
    until the next step. low, high: its interval; both are 0 where the curve is, and nothing is known about it there.
    """

    day: int
    at_risk: int
    events: int
    censored: int
    survival: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """size: patients. level: of every interval. steps: by day.

    median: the first day on which at most half are without the event; its interval is from the first day on which the
    curve's holds one half to that from which it holds it no more. None: not reached while patients were followed.
    """

    size: int
    events: int
    level: float
    steps: tuple[Step, ...]
    median: int | None
    median_low: int | None
    median_high: int | None

    def at_risk(self, day: int) -> int:
        """How many are followed until `day` or longer and were without the event before it."""
        place = bisect_left(self.steps, day, key=_day)
        return self.steps[place].at_risk if place < len(self.steps) else 0

    def survival_at(self, day: int) -> float | None:
        """The part without the event at the end of `day`; None past the last day on which anybody was followed, unless
        it is 0 by then.
        """
        place = bisect_right(self.steps, day, key=_day)
        last = self.steps[place - 1].survival if place else 1.0
        return last if last == 0 or (self.steps and day <= self.steps[-1].day) else None


def kaplan_meier(followed: Iterable[Followed], *, level: float = 0.95) -> Curve:
    """The curve of some patients, in any order. Whoever is censored on the day of an event was at risk of it.

    level: of the two-sided intervals, above 0 and below 1.
    """
    patients = tuple(followed)
    steps = tuple(_steps(patients, z=NormalDist().inv_cdf((1 + level) / 2)))
    return Curve(
        size=len(patients),
        events=sum(each.event for each in patients),
        level=level,
        steps=steps,
        median=_first(steps, lambda step: step.survival <= 0.5),  # noqa: PLR2004 - one half
        median_low=_first(steps, lambda step: step.low <= 0.5),  # noqa: PLR2004 - one half
        median_high=_from_then_on(steps, lambda step: step.high <= 0.5),  # noqa: PLR2004 - one half
    )


def _steps(patients: tuple[Followed, ...], *, z: float) -> Iterator[Step]:
    events = Counter(each.day for each in patients if each.event)
    censored = Counter(each.day for each in patients if not each.event)
    at_risk = len(patients)
    without, of = 1, 1  # the product of all factors so far, as integers: one half is one half, and no bit off
    variance = 0.0  # Greenwood's sum: of the curve's logarithm
    for day in sorted(events.keys() | censored.keys()):
        left = at_risk - events[day]
        if events[day]:
            without, of = without * left, of * at_risk
            variance += events[day] / (at_risk * left) if left else 0.0
        survival = without / of
        yield Step(day, at_risk, events[day], censored[day], survival, *_interval(survival, variance, z))
        at_risk = left - censored[day]


def _interval(survival: float, variance: float, z: float) -> tuple[float, float]:
    """log(-log S) more and less z of its standard errors; a curve that has not fallen, or to 0, has no such scale."""
    if survival in {0.0, 1.0}:
        return survival, survival
    logarithm = math.log(survival)
    width = z * math.sqrt(variance) / -logarithm
    return math.exp(logarithm * math.exp(width)), math.exp(logarithm * math.exp(-width))


def _first(steps: Iterable[Step], holds: Callable[[Step], bool]) -> int | None:
    return next((step.day for step in steps if holds(step)), None)


def _from_then_on(steps: tuple[Step, ...], holds: Callable[[Step], bool]) -> int | None:
    """The first day from which it holds to the end: where few are left an upper bound can rise again."""
    day = None
    for step in reversed(steps):
        if not holds(step):
            break
        day = step.day
    return day


def _day(step: Step) -> int:
    return step.day
