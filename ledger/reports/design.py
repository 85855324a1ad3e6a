"""A design as it was proposed: its rule in words, what it does at any benefit rate, what may be decided at each look,
and what each end of it would say of the rate. All of it follows from the design alone; no patient is behind it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from ledger.clinical.characteristics import Characteristics, at, carried_on, characteristics
from ledger.clinical.estimates import Estimate, estimate
from ledger.clinical.two_stage import Decision, Design, decisions_allowed
from ledger.cohort import rows
from ledger.cohort.snapshot import Snapshot
from ledger.errors import NotFoundError

_RATES_PERCENT = (5, 10, 15, 20, 25, 30, 40, 50)  # beside the design's own
_CARRIED_ON = 4  # a quarter more patients


@dataclass(frozen=True, slots=True)
class AtPercent:
    """What the design does where this is the benefit rate: see `clinical.characteristics.AtRate`."""

    rate_percent: int
    signal: float
    early_stop: float
    expected_size: float


@dataclass(frozen=True, slots=True)
class CarriedOn:
    """The same bounds, looked at after `n` patients instead: what the design's characteristics do not hold for."""

    n: int
    type_i_error: float
    power: float


@dataclass(frozen=True, slots=True)
class Look:
    """What may be decided where from `least` to `most` of `size` patients benefit."""

    stage: Literal[1, 2]
    size: int
    least: int
    most: int
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """A way in which the design can end, and what is then said of the rate."""

    stage: Literal[1, 2]
    decisions: tuple[Decision, ...]
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Computed:
    in_words: tuple[str, ...]
    characteristics: Characteristics
    rates: tuple[AtPercent, ...]
    carried_on: CarriedOn
    looks: tuple[Look, ...]
    endings: tuple[Ending, ...]


@dataclass(frozen=True, slots=True)
class DesignReport:
    """design: the slug of the resolution. in_force_at: None where too few have endorsed it so far."""

    design: str
    proposer: str | None
    in_force_at: str | None
    content: Design
    computed: Computed


def design_report(snapshot: Snapshot, slug: str, *, in_force_only: bool = False) -> DesignReport:
    """in_force_only: for outsiders; what members have yet to agree on, and what else they agree on, is theirs.

    Raises NotFoundError where there is no such design.
    """
    found = next((each for each in snapshot.of(rows.Resolution) if each.resolution == slug), None)
    is_design = found is not None and found.subject == "design"
    if in_force_only and not (found and is_design and found.in_force_at):
        raise NotFoundError(f"no design named {slug} is in force: a cohort's definition names its design")
    if found is None or found.subject is None:
        raise NotFoundError(f"no design named {slug} was proposed: a cohort's definition names its design")
    if not is_design or not isinstance(found.content, dict):
        raise NotFoundError(f"{slug} is no design: it is a resolution on {found.subject}")
    design = Design.parse(found.content)
    return DesignReport(slug, found.proposer, found.in_force_at, design, computed(design))


@lru_cache(maxsize=64)
def computed(design: Design) -> Computed:
    """Takes about a second for the largest design, and is kept."""
    return Computed(
        in_words=_in_words(design),
        characteristics=characteristics(design),
        rates=tuple(
            _at_percent(design, percent) for percent in sorted({*_RATES_PERCENT, design.p0_percent, design.p1_percent})
        ),
        carried_on=_carried_on(design),
        looks=(
            _look(design, 1, 0, design.r1),
            _look(design, 1, design.r1 + 1, design.n1),
            *([_look(design, 2, design.r1 + 1, design.r)] if design.r > design.r1 else []),
            _look(design, 2, design.r + 1, design.n),
        ),
        endings=tuple(_endings(design)),
    )


def _in_words(design: Design) -> tuple[str, ...]:
    n1, r1, n, r = design.n1, design.r1, design.n, design.r
    few = f"{r1} or fewer of them benefit" if r1 else "none of them benefits"
    return (
        f"{n1} evaluable patients are treated.",
        f"If {few}, the cohort closes; if {r1 + 1} or more do, it goes on to {n} in all.",
        f"{r + 1} or more of {n} are a signal of activity; with {r} or fewer it closes.",
        "There is no early stop for success.",
        f"p0, the benefit rate not worth pursuing, is {design.p0_percent} %; p1, worth finding, {design.p1_percent} %.",
    )


def _at_percent(design: Design, percent: int) -> AtPercent:
    does = at(design, Fraction(percent, 100))
    return AtPercent(percent, float(does.signal), float(does.early_stop), float(does.expected_size))


def _carried_on(design: Design) -> CarriedOn:
    n = design.n + max(1, design.n // _CARRIED_ON)
    found = characteristics(carried_on(design, n))
    return CarriedOn(n, found.type_i_error, found.power)


def _look(design: Design, stage: Literal[1, 2], least: int, most: int) -> Look:
    return Look(stage, design.size_of(stage), least, most, _decisions(design, stage, least))


def _endings(design: Design) -> Iterator[Ending]:
    """In the order in which they speak for the drug."""
    for benefits in range(design.r1 + 1):
        found = estimate(design, "stopped-at-stage-1", benefits=benefits, evaluable=design.n1)
        yield Ending(1, _decisions(design, 1, benefits), found)
    for benefits in range(design.r1 + 1, design.n + 1):
        found = estimate(design, "completed", benefits=benefits, evaluable=design.n)
        yield Ending(2, _decisions(design, 2, benefits), found)


def _decisions(design: Design, stage: Literal[1, 2], benefits: int) -> tuple[Decision, ...]:
    return tuple(sorted(decisions_allowed(design, stage, benefits), reverse=True))
