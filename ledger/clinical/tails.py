"""The chance that at least so many of a number of patients benefit, and the rates at which it crosses a level.

Such a chance is a polynomial of the benefit rate with whole coefficients: in how many orders the patients' results may
come. So it is computed in integers. A limit is found on a grid of rates, each on the safe side of the crossing: what is
said to cover a rate 95 times in a hundred then does, and comes out the same on every computer. Floats only sort out the
cases that are clear; one that they could blur is looked at again in integers.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from math import exp, inf, log, sqrt

from ledger.clinical.two_stage import Design

GRID = 10**9  # limits are given to this part of a patient in whole

_BLUR = 1e-13  # for each patient: five times what the floats of `_nearly` can be off by
_NOTHING = 1e-20  # a term that may be left out, with all the smaller ones after it
_SECANTS, _FAR = 8, 20.0


@dataclass(frozen=True)
class Tails:
    """ways[j]: in how many orders `j` of all these patients may benefit, so that the event happens that is meant.

    They rise and then fall (they are log-concave), and happen the more the higher the rate is.
    """

    ways: tuple[int, ...]

    @property
    def size(self) -> int:
        """Of how many patients."""
        return len(self.ways) - 1

    def at_least(self, benefits: int, rate: Fraction) -> Fraction:
        """The chance that it happens, with `benefits` or more. rate: from 0 to 1."""
        yes, no = rate.numerator, rate.denominator - rate.numerator
        total, rest = 0, 1  # Horner's scheme in two unknowns: nothing is divided before the end
        for ways in reversed(self.ways[benefits:]):
            total = total * yes + ways * rest
            rest *= no
        return Fraction(total * yes**benefits, rate.denominator**self.size)

    def lower_limit(self, benefits: int, error: Fraction) -> Fraction:
        """The highest rate of the grid at which so many or more come with a chance of `error` at most."""
        return Fraction(self._last(benefits, error, may_equal=True), GRID) if benefits else Fraction(0)

    def upper_limit(self, benefits: int, error: Fraction) -> Fraction:
        """The lowest rate of the grid at which more than so many come with a chance of 1 - `error` at least."""
        if benefits == self.size:
            return Fraction(1)
        return Fraction(self._last(benefits + 1, 1 - error, may_equal=False) + 1, GRID)

    def _last(self, benefits: int, level: Fraction, *, may_equal: bool) -> int:
        """The last place of the grid at which the chance is below the level, or equal where it may be.

        A good guess saves time and decides nothing: the bracket around it widens until the crossing is in it.
        """
        guess, width = self._guess(benefits, float(level)), 1
        below, above = max(guess - 1, 0), min(guess + 1, GRID)
        while below > 0 and not self._is_below(benefits, below, level, may_equal=may_equal):
            below, above, width = max(below - width, 0), below, 2 * width
        while above < GRID and self._is_below(benefits, above, level, may_equal=may_equal):
            below, above, width = above, min(above + width, GRID), 2 * width
        while above - below > 1:
            place = (below + above) // 2
            if self._is_below(benefits, place, level, may_equal=may_equal):
                below = place
            else:
                above = place
        return below

    def _is_below(self, benefits: int, place: int, level: Fraction, *, may_equal: bool) -> bool:
        off = self._nearly(benefits, place / GRID, (GRID - place) / GRID) - float(level)
        if abs(off) > self.size * _BLUR:
            return off < 0
        chance = self.at_least(benefits, Fraction(place, GRID))
        return chance <= level if may_equal else chance < level

    def _guess(self, benefits: int, level: float) -> int:
        """Where the chance is about so much: by secants, as of log odds it is nearly a straight line."""
        odds = log(benefits / (self.size + 1 - benefits))
        slope, before = sqrt(benefits), None
        for _ in range(_SECANTS):
            rate = 1 / (1 + exp(-odds))
            chance = min(max(self._nearly(benefits, rate, 1 / (1 + exp(odds))), _NOTHING), 1 - _BLUR)
            off = log(chance / (1 - chance)) - log(level / (1 - level))
            if before is not None and odds != before[0]:
                slope = (off - before[1]) / (odds - before[0])
            before = odds, off
            step = off / slope if slope > 0 else 0.0
            odds = min(max(odds - step, -_FAR), _FAR)
            if abs(step) < 1 / GRID:
                break
        return round(rate * GRID)

    def _nearly(self, benefits: int, yes: float, no: float) -> float:
        """The chance where a patient benefits with the chance `yes`, and with `no` not; both above 0."""
        nobody, odds = self.size * log(no), log(yes) - log(no)
        total = before = 0.0
        for count, ways in enumerate(self._logs[benefits:], benefits):
            term = exp(ways + count * odds + nobody)
            total += term
            if term < before and term < _NOTHING:
                break
            before = term
        return total

    @cached_property
    def _logs(self) -> tuple[float, ...]:
        return tuple(log(ways) if ways else -inf for ways in self.ways)


@lru_cache(maxsize=64)
def of_patients(size: int) -> Tails:
    """So many of `size` patients benefit, in any order: nobody looks before the end."""
    ways = [1]
    for benefits in range(size):
        ways.append(ways[-1] * (size - benefits) // (benefits + 1))
    return Tails(tuple(ways))


@lru_cache(maxsize=64)
def of_completed(design: Design) -> Tails:
    """So many of all the patients of a design benefit, in an order in which it is not stopped at its first look."""
    ways = [0] * (design.n + 1)
    for first, ways_first in enumerate(of_patients(design.n1).ways[design.r1 + 1 :], design.r1 + 1):
        for second, ways_second in enumerate(of_patients(design.n - design.n1).ways):
            ways[first + second] += ways_first * ways_second
    return Tails(tuple(ways))
