"""How patients fared over time: free of progression, alive, and line by line.

Time runs in study days from the first treatment, which is day 1. Progression is what ends a course by the endpoint's
scales and evaluators; one that is unconfirmed (iUPD, PDu) is none. Progression-free until progression or death,
whichever comes first, and censored at the last evaluable assessment, on day 1 where there is none. Alive until death,
and censored on the last day that anything tells that the patient was alive.

A partial date never becomes a day: who progressed or died on an unknown day is left out, and counted as left out. The
day of a fatal adverse event is that on which it began: when the patient died, survival or the end of treatment tells.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ledger.clinical.benefit import Endpoint
from ledger.clinical.course import history
from ledger.clinical.survival import Curve, Followed, Step, kaplan_meier
from ledger.reports.patients import Patient
from ledger.reports.rates import Basis, DataCut

FIRST_DAY = 1
LEVEL = 0.95  # of intervals
_MOST_COLUMNS = 8  # of numbers at risk
_STEP_DAYS = 56  # eight weeks, as patients are assessed
Fate = Followed | Literal["undated", "shut"]  # of one patient; a word says why there is none


@dataclass(frozen=True, slots=True)
class AtRisk:
    day: int
    patients: int


@dataclass(frozen=True, slots=True)
class TimeToEvent:
    """A curve of Kaplan and Meier with its interval on the log-log scale.

    patients: who are in it; undated: left out, the day of what ended it is not known; shut: left out, what was sealed
    is not open. median, median_low, median_high: days, None where not reached.
    """

    what: str
    population: Literal["treated"]
    endpoint: str | None
    data_cut: DataCut
    estimator: Literal["Kaplan-Meier"]
    level: float
    patients: int
    events: int
    undated: int
    shut: int
    median: int | None
    median_low: int | None
    median_high: int | None
    steps: tuple[Step, ...]
    at_risk: tuple[AtRisk, ...]


@dataclass(frozen=True, slots=True)
class Assessed:
    """day: None where the source has no full date. response: a code of its scale; None where codes are not shown."""

    day: int | None
    response: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """A patient without a handle, from day 1 on. last_day: the last that is known of. ended_on, ended: treatment, None
    while it goes on. died_on: None where no day is told.
    """

    last_day: int
    assessments: tuple[Assessed, ...]
    ended_on: int | None
    ended: str | None
    died_on: int | None


def progression_free(patients: Iterable[Patient], endpoint: Endpoint, basis: Basis) -> TimeToEvent:
    return _curve("progression-free survival", patients, lambda each: until_progression(each, endpoint), basis)


def overall(patients: Iterable[Patient], basis: Basis) -> TimeToEvent:
    return _curve("overall survival", patients, until_death, basis)


def until_progression(patient: Patient, endpoint: Endpoint) -> Fate:
    """How long one patient was free of progression."""
    course = patient.outcome.course
    if course is None or not patient.is_followed:
        return "shut"
    known = history(course, endpoint.criteria, endpoint.evaluator)
    if known.undated_progression:
        return "undated"
    progressed = known.ended.day if known.ended is not None and known.ended.kind == "progression" else None
    ends = [day for day in (progressed, patient.died_on) if day is not None]
    if ends:
        return Followed(max(FIRST_DAY, min(ends)), event=True)
    if patient.deaths:
        return "undated"
    seen = [each.day for each in known.findings]
    unconfirmed = [] if known.ended is None else [known.ended.day]
    return Followed(max([FIRST_DAY, *seen, *unconfirmed]), event=False)


def until_death(patient: Patient) -> Fate:
    """How long one patient lived, as far as is known."""
    if not patient.is_followed or patient.outcome.course is None:
        return "shut"
    if patient.died_on is not None:
        return Followed(max(FIRST_DAY, patient.died_on), event=True)
    return "undated" if patient.deaths else Followed(_last_day(patient), event=False)


def swimmer(patients: Iterable[Patient]) -> tuple[Line, ...]:
    """A line for everybody of whom all is open, the longest first: their order tells nothing of who they are."""
    found = [_line(each) for each in patients if each.outcome.course is not None and each.is_followed]
    return tuple(sorted(found, key=lambda line: (-line.last_day, repr(line))))


def _last_day(patient: Patient) -> int:
    """The last study day of which anything is told, day 1 where nothing is."""
    course = patient.outcome.course
    assessed = [each.day for each in course.assessments] if course else []
    days = [*assessed, *patient.alive, *patient.deaths, patient.end_day, *(each.day for each in patient.adverse)]
    return max([FIRST_DAY, *(day for day in days if day is not None)])


def _curve(what: str, patients: Iterable[Patient], told: Callable[[Patient], Fate], basis: Basis) -> TimeToEvent:
    found = [told(each) for each in patients]
    curve = kaplan_meier([each for each in found if isinstance(each, Followed)], level=LEVEL)
    return TimeToEvent(
        what=what,
        population="treated",
        endpoint=basis.endpoint,
        data_cut=basis.data_cut,
        estimator="Kaplan-Meier",
        level=LEVEL,
        patients=curve.size,
        events=curve.events,
        undated=found.count("undated"),
        shut=found.count("shut"),
        median=curve.median,
        median_low=curve.median_low,
        median_high=curve.median_high,
        steps=curve.steps,
        at_risk=tuple(AtRisk(day, curve.at_risk(day)) for day in _sensible(curve)),
    )


def _sensible(curve: Curve) -> Sequence[int]:
    """Day 1, and then every so many times eight weeks, as long as anybody is followed."""
    last = curve.steps[-1].day if curve.steps else FIRST_DAY
    apart = _STEP_DAYS * -(-last // (_STEP_DAYS * (_MOST_COLUMNS - 1)))
    return [FIRST_DAY, *range(apart, last + 1, apart)]


def _line(patient: Patient) -> Line:
    course = patient.outcome.course
    assert course is not None
    told = [Assessed(each.day, each.response) for each in course.assessments if not each.baseline]
    return Line(
        last_day=_last_day(patient),
        assessments=tuple(sorted(told, key=lambda each: (each.day is None, each.day or 0, each.response or ""))),
        ended_on=patient.end_day,
        ended=patient.end_reason,
        died_on=patient.died_on,
    )
